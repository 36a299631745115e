"""Starlette, with pydantic by hand, as it has no validation of its own."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CASES = ("json", "params", "model", "missing", "method")


class Item(BaseModel):
    name: str
    price: float
    tags: list[str]


async def hello(_: Any) -> Response:
    return JSONResponse({"message": "Hello, world!"})


async def params(request: Any) -> Response:
    query = request.query_params
    page, q = int(query.get("page", 1)), query.get("q", "")
    return JSONResponse({"id": request.path_params["id"], "page": page, "q": q})


async def model(request: Any) -> Response:
    item = Item.model_validate_json(await request.body())
    return Response(item.model_dump_json(), media_type="application/json")


async def dynamic(request: Any) -> Response:
    return JSONResponse({"id": request.path_params["id"]})


def make(routes: int = 0) -> Any:
    """Return the app."""
    many = [
        route
        for number in range(routes)
        for route in (
            Route(f"/static{number}", hello),
            Route(f"/dynamic{number}/{{id:int}}", dynamic),
        )
    ]
    known = [
        Route("/json", hello),
        Route("/items/{id:int}", params),
        Route("/models", model, methods=["POST"]),
    ]
    return Starlette(routes=many or known)
