"""What a handler sends by itself passes the hooks, as what it returns does."""

from __future__ import annotations

import pytest

from tests.conftest import Server
from tests.dispatch.test_hook_code import PLUGIN

SENDING = {
    "form": """
        from typing import Annotated
        from zenith_server import Form

        async def post(name: Annotated[str, Form()]):
            yield name
    """,
    "something that is open": """
        from zenith_server import Depends

        async def _opened():
            yield "open"

        async def post(opened: str = Depends(_opened)):
            yield opened
    """,
    "mounted app": """
        from starlette.applications import Starlette
        from starlette.responses import PlainTextResponse
        from starlette.routing import Route

        app = Starlette(routes=[Route("/", lambda _: PlainTextResponse("hi"), methods=["POST"])])
    """,
}
REFUSING = """
from starlette.responses import StreamingResponse
from zenith_server import Depends, NotFound, Plugin

async def opened():
    yield "open"

async def missing(error: NotFound, _: str = Depends(opened)):
    return StreamingResponse(iter(["nothing ", "here"]), 404)

class Refusing(Plugin):
    name = "refusing"

    def setup(self, draft):
        draft.on_error(NotFound, missing)
"""


@pytest.mark.parametrize("kind", list(SENDING))
async def test_a_stream_passes_the_hooks(serve: Server, kind: str) -> None:
    app = await serve({"routes/index.py": SENDING[kind], "plugins/a.py": PLUGIN})
    content = {"content-type": "application/x-www-form-urlencoded"}
    answer = await app.request("POST", "/", content, b"name=ada")
    assert answer.status == 200
    assert answer.header("x-noted") == "1"
    assert answer.header("x-request-id")


async def test_a_refusal_in_pieces_passes_the_hooks(serve: Server) -> None:
    app = await serve({"routes/index.py": "async def get(): ...", "plugins/a.py": REFUSING})
    answer = await app.get("/nowhere")
    assert (answer.status, answer.body) == (404, b"nothing here")
    assert answer.header("x-request-id")
