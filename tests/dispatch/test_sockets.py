"""A WebSocket is accepted, refused and closed once, and says why."""

from __future__ import annotations

import logging

import pytest

from tests.conftest import Server
from tests.sockets import ending, talk, texts

HELLO = "async def get(): return 'hello'"
ECHO = """
    from zenith_server import WebSocket

    async def websocket(ws: WebSocket):
        await ws.accept()
        async for text in ws.iter_text():
            await ws.send_text(text)
"""


# --- WebSockets ---


async def test_a_websocket_handler_talks(serve: Server) -> None:
    app = await serve({"routes/live.py": ECHO})
    assert texts(await talk(app.app, "/live", "a", "b")) == ["a", "b"]


async def test_a_websocket_handler_takes_path_values_queries_and_services(serve: Server) -> None:
    text = """
        from services.clock import Clock
        from zenith_server import WebSocket

        async def websocket(ws: WebSocket, room: int, clock: Clock, nick: str = "?"):
            await ws.accept()
            await ws.send_text(f"{room} {clock.now} {nick}")
    """
    files = {"routes/[room].py": text, "services/clock.py": "class Clock:\n    now = 'noon'"}
    assert texts(await talk((await serve(files)).app, "/7?nick=ada")) == ["7 noon ada"]


async def test_a_websocket_is_closed_when_its_handler_returns(serve: Server) -> None:
    text = """
        from zenith_server import WebSocket
        async def websocket(ws: WebSocket):
            await ws.accept()
    """
    app = await serve({"routes/live.py": text})
    assert ending(await talk(app.app, "/live")) == (1000, "")


async def test_a_websocket_that_its_handler_closed_is_not_closed_again(serve: Server) -> None:
    text = """
        from zenith_server import WebSocket
        async def websocket(ws: WebSocket):
            await ws.accept()
            await ws.close(4000, "enough")
    """
    app = await serve({"routes/live.py": text})
    assert ending(await talk(app.app, "/live")) == (4000, "enough")


async def test_a_client_that_leaves_is_no_error(
    serve: Server, caplog: pytest.LogCaptureFixture
) -> None:
    text = """
        from zenith_server import WebSocket
        async def websocket(ws: WebSocket):
            await ws.accept()
            await ws.receive_text()
    """
    app = await serve({"routes/live.py": text})
    assert [m["type"] for m in await talk(app.app, "/live")] == ["websocket.accept"]
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


async def test_a_client_that_leaves_a_group_of_tasks_is_no_error(
    serve: Server, caplog: pytest.LogCaptureFixture
) -> None:
    text = """
        import asyncio
        from zenith_server import WebSocket
        async def websocket(ws: WebSocket):
            await ws.accept()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(ws.receive_text())
    """
    app = await serve({"routes/live.py": text})
    assert [m["type"] for m in await talk(app.app, "/live")] == ["websocket.accept"]
    assert caplog.records == []


RAISES = """
    from zenith_server import Forbidden, WebSocket
    async def websocket(ws: WebSocket, after: bool, known: bool = True):
        if after:
            await ws.accept()
        raise Forbidden("not you") if known else LookupError("secret")
"""


async def test_a_refusal_before_the_handshake_is_a_problem_document(serve: Server) -> None:
    app = await serve({"routes/live.py": RAISES})
    start, body = await talk(app.app, "/live?after=false")
    assert (start["type"], start["status"]) == ("websocket.http.response.start", 403)
    assert b"not you" in body["body"]


async def test_a_refusal_where_the_server_sends_no_responses_is_a_code(serve: Server) -> None:
    app = await serve({"routes/live.py": RAISES})
    assert ending(await talk(app.app, "/live?after=false", can_deny=False)) == (1008, "")


async def test_a_refusal_after_the_handshake_is_a_code_with_its_reason(serve: Server) -> None:
    app = await serve({"routes/live.py": RAISES})
    assert ending(await talk(app.app, "/live?after=true")) == (1008, "not you")


async def test_a_failure_after_the_handshake_is_logged_and_says_nothing(
    serve: Server, caplog: pytest.LogCaptureFixture
) -> None:
    app = await serve({"routes/live.py": RAISES})
    assert ending(await talk(app.app, "/live?after=true&known=false")) == (1011, "")
    assert "The WebSocket at /live failed" in caplog.text


async def test_a_websocket_of_a_wrong_value_is_refused(serve: Server) -> None:
    app = await serve({"routes/[room].py": ECHO.replace("WebSocket):", "WebSocket, room: int):")})
    assert (await talk(app.app, "/kitchen"))[0]["status"] == 404


@pytest.mark.parametrize("url", ["/nothing", "/", "/live/"])
async def test_a_websocket_to_a_url_that_takes_none_is_refused(serve: Server, url: str) -> None:
    app = await serve({"routes/live.py": ECHO, "routes/index.py": HELLO})
    assert (await talk(app.app, url))[0]["status"] == 404
    assert ending(await talk(app.app, url, can_deny=False))[0] == 1008


async def test_get_of_a_url_for_websockets_only_is_not_allowed(serve: Server) -> None:
    assert (await (await serve({"routes/live.py": ECHO})).get("/live")).status == 405


async def test_a_websocket_guard_refuses_before_the_handler(serve: Server) -> None:
    guard = """
        from zenith_server import Header, Unauthorized
        from typing import Annotated
        def before(token: Annotated[str, Header()] = ""):
            if token != "open":
                raise Unauthorized
    """
    app = await serve({"routes/(in)/_middleware.py": guard, "routes/(in)/live.py": ECHO})
    assert (await talk(app.app, "/live", "a"))[0]["status"] == 401
    assert texts(await talk(app.app, "/live", "a", headers=("token", "open"))) == ["a"]


async def test_errors_of_a_folder_answer_for_its_websockets(serve: Server) -> None:
    files = {
        "routes/live.py": RAISES,
        "routes/_errors.py": "def missing(error: LookupError): return 'mapped', 418",
    }
    app = await serve(files)
    start, body = await talk(app.app, "/live?after=false&known=false")
    assert (start["status"], body["body"]) == (418, b'"mapped"')


async def test_a_layer_that_fails_closes_the_websocket(serve: Server) -> None:
    text = """
        def middleware(app):
            async def fail(scope, receive, send):
                if scope["type"] == "websocket":
                    raise LookupError
                await app(scope, receive, send)
            return fail
    """
    app = await serve({"routes/live.py": ECHO, "middleware/1_fail.py": text})
    assert (await talk(app.app, "/live"))[0]["status"] == 500
