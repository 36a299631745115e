"""BlackSheep."""

from typing import Any

from blacksheep import Application, FromJSON, json
from pydantic import BaseModel

CASES = ("json", "params", "model", "missing")


class Item(BaseModel):
    name: str
    price: float
    tags: list[str]


async def hello() -> Any:
    return json({"message": "Hello, world!"})


async def params(id: int, page: int = 1, q: str = "") -> Any:
    return json({"id": id, "page": page, "q": q})


async def model(data: FromJSON[Item]) -> Any:
    return json(data.value.model_dump())


async def dynamic(id: int) -> Any:
    return json({"id": id})


def make(routes: int = 0) -> Any:
    """Return the app."""
    app = Application()
    for number in range(routes):
        app.router.add_get(f"/static{number}", hello)
        app.router.add_get(f"/dynamic{number}/:id", dynamic)
    if not routes:
        app.router.add_get("/json", hello)
        app.router.add_get("/items/:id", params)
        app.router.add_post("/models", model)
    return app
