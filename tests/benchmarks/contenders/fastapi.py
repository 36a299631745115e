"""FastAPI."""

from typing import Any

from fastapi import FastAPI
from pydantic import BaseModel

CASES = ("json", "params", "model", "missing", "method")


class Item(BaseModel):
    name: str
    price: float
    tags: list[str]


async def hello() -> dict[str, str]:
    return {"message": "Hello, world!"}


async def params(id: int, page: int = 1, q: str = "") -> dict[str, Any]:
    return {"id": id, "page": page, "q": q}


async def model(item: Item) -> Item:
    return item


async def dynamic(id: int) -> dict[str, int]:
    return {"id": id}


def make(routes: int = 0) -> Any:
    """Return the app."""
    app = FastAPI(openapi_url=None)
    for number in range(routes):
        app.get(f"/static{number}")(hello)
        app.get(f"/dynamic{number}/{{id}}")(dynamic)
    if not routes:
        app.get("/json")(hello)
        app.get("/items/{id}")(params)
        app.post("/models")(model)
    return app
