"""Falcon (ASGI), with msgspec as in its recipe for validation."""

from __future__ import annotations

from typing import Any

import falcon.asgi
import msgspec

CASES = ("json", "params", "struct", "missing", "method")


class Item(msgspec.Struct):
    name: str
    price: float
    tags: list[str]


class Hello:
    async def on_get(self, _: Any, response: Any) -> None:
        response.media = {"message": "Hello, world!"}


class Params:
    async def on_get(self, request: Any, response: Any, id: int) -> None:
        page = request.get_param_as_int("page", default=1)
        response.media = {"id": id, "page": page, "q": request.get_param("q", default="")}


class Struct:
    decoder = msgspec.json.Decoder(Item)

    async def on_post(self, request: Any, response: Any) -> None:
        item = self.decoder.decode(await request.stream.read())
        response.content_type = "application/json"
        response.data = msgspec.json.encode(item)


class Dynamic:
    async def on_get(self, _: Any, response: Any, id: int) -> None:
        response.media = {"id": id}


def make(routes: int = 0) -> Any:
    """Return the app."""
    app = falcon.asgi.App()
    for number in range(routes):
        app.add_route(f"/static{number}", Hello())
        app.add_route(f"/dynamic{number}/{{id:int}}", Dynamic())
    if not routes:
        app.add_route("/json", Hello())
        app.add_route("/items/{id:int}", Params())
        app.add_route("/structs", Struct())
    return app
