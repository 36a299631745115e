"""Litestar."""

from typing import Any

import msgspec
from litestar import Litestar, get, post
from pydantic import BaseModel

CASES = ("json", "params", "struct", "model", "missing", "method")


class Struct(msgspec.Struct):
    name: str
    price: float
    tags: list[str]


class Model(BaseModel):
    name: str
    price: float
    tags: list[str]


@get("/json")
async def hello() -> dict[str, str]:
    return {"message": "Hello, world!"}


@get("/items/{id:int}")
async def params(id: int, page: int = 1, q: str = "") -> dict[str, Any]:
    return {"id": id, "page": page, "q": q}


@post("/structs", status_code=200)
async def struct(data: Struct) -> Struct:
    return data


@post("/models", status_code=200)
async def model(data: Model) -> Model:
    return data


async def dynamic(id: int) -> dict[str, int]:
    return {"id": id}


async def static() -> dict[str, str]:
    return {"message": "Hello, world!"}


def make(routes: int = 0) -> Any:
    """Return the app."""
    many = [
        handler
        for number in range(routes)
        for handler in (
            get(f"/static{number}")(static),
            get(f"/dynamic{number}/{{id:int}}")(dynamic),
        )
    ]
    return Litestar(many or [hello, params, struct, model], openapi_config=None)
