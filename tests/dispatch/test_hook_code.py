"""All hooks are one function, and a change of it is seen here."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from tests.conftest import Server
from zenith_server.dispatch.dispatcher import Dispatcher
from zenith_server.dispatch.hook_code import text_of
from zenith_server.plan import Hook, Origin
from zenith_server.protocol import Message, Send
from zenith_server.running import Running

HERE = Origin("here")
INDEX = {"routes/index.py": "async def get(): return 'hello'"}


def nothing(*_: Any) -> None: ...
def noted(*_: Any) -> None: ...


def test_the_code_has_what_the_hooks_do_and_nothing_else() -> None:
    running = Running()
    running.watch(nothing, 1.0)
    hooks = (
        Hook("request-id", HERE, start=nothing, reply=nothing),
        Hook("sockets", HERE, start=nothing, only="websocket"),
        Hook("cors", HERE, start=lambda _, origin: None, header=b"origin", reply=noted),
        Hook("compression", HERE, send=nothing),
        Hook("concurrency", HERE, wait=nothing),
        Hook("timeout", HERE, running=running, cancelled=nothing, finish=nothing),
        Hook("body_limit", HERE, receive=lambda _, receive: receive),
    )
    assert text_of(hooks, {"_inner": None}) == dedent("""
        async def __call__(app, scope, receive, send):
            if scope['type'] != 'http' or (
                _path_of(scope) if scope.get('root_path') else scope['path']
            ) in _outside:
                await _bare(app, scope, receive, send)
                return
            if scope['method'] == 'HEAD':
                send = _headless(send)
            through = _partial(_through, scope, send)
            exchange = scope['zenith.exchange'] = _Exchange(_clock(), _task())
            key = id(exchange)
            _running.exchanges[key] = exchange
            if exchange.began > _running.due:
                _running.begin()
            value_origin = None
            endpoint = None
            try:
                try:
                    known = _known(scope)
                    reply = _start_request_id(scope) or (_start_cors(scope, value_origin) if (value_origin := known.get(b'origin')) is not None else None)
                    if reply is None:
                        turn = _wait_concurrency(scope)
                        if turn is not None:
                            await turn
                        handler, values, endpoint = _find(scope)
                        exchange.endpoint = endpoint
                        reply = await handler(scope, receive, through, values)
                    if reply.__class__ is not _Reply:
                        if reply is not None:
                            await reply(scope, receive, through)
                        return
                except _ClientDisconnected:
                    return
                except Exception as error:
                    reply = await _failed(error, endpoint, scope, receive, through)
                except _CancelledError:
                    error = _cancelled_timeout(scope)
                    if error is None:
                        raise
                    reply = await _failed(error, endpoint, scope, receive, through)
                if reply is None:
                    return
                start = {'type': 'http.response.start', 'status': reply.status, 'headers': reply.headers}
                if _send_compression(scope, start):
                    await reply(scope, receive, through)
                    return
                headers = [*start['headers'], *_headers]
                _reply_request_id(scope, start, headers)
                if value_origin is not None: _reply_cors(scope, start, headers)
                start['headers'] = headers
                body = reply.body
                exchange.status = reply.status
                exchange.size = len(body)
                await send(start)
                await send({'type': 'http.response.body', 'body': body})
            except _ClientDisconnected:
                return
            except Exception as error:
                if exchange.status:
                    _log_late(error, scope)
                raise
            finally:
                _running.exchanges.pop(key, None)
                _finish_timeout(scope)
        """).lstrip("\n")  # noqa: E501 - one line of code is one line


PLUGIN = """
from zenith_server import Plugin

class Shouting(Plugin):
    name = "shouting"

    def setup(self, draft):
        draft.hook("shout", send=self.shout, reply=self.note)

    def shout(self, scope, start):
        if scope["query_string"] != b"loud":
            return None

        def make(send):
            async def louder(message):
                if "body" in message:
                    message = {**message, "body": message["body"].upper()}
                await send(message)

            return louder

        return make

    def note(self, scope, start, headers):
        headers.append((b"x-noted", b"1"))
"""


@pytest.mark.parametrize("handler", ["return 'hello'", "yield 'hel'; yield 'lo'"])
async def test_a_hook_may_take_over_the_sending_of_a_response(serve: Server, handler: str) -> None:
    app = await serve({"routes/index.py": f"async def get(): {handler}", "plugins/a.py": PLUGIN})
    loud, quiet = await app.get("/?loud"), await app.get("/")
    assert (loud.body.strip(b'"'), quiet.body.strip(b'"')) == (b"HELLO", b"hello")
    assert (loud.header("x-noted"), quiet.header("x-noted")) == ("1", "1")


async def test_two_hooks_of_one_name_both_run(serve: Server) -> None:
    twice = PLUGIN.replace('draft.hook("shout", send=self.shout', 'draft.hook("shout"').replace(
        'reply=self.note)', 'reply=self.note); draft.hook("shout", reply=lambda s, m, h: '
        'h.append((b"x-also", b"2")))',
    )  # fmt: skip
    answer = await (await serve({**INDEX, "plugins/a.py": twice})).get("/")
    assert (answer.header("x-noted"), answer.header("x-also")) == ("1", "2")


async def test_a_reply_that_cannot_be_sent_is_logged_and_breaks_the_connection(
    serve: Server, caplog: pytest.LogCaptureFixture
) -> None:
    app = (await serve(INDEX)).app
    assert isinstance(app, Dispatcher)
    from tests.served import scope_of

    async def broken(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise OSError("the pipe is broken")

    send: Send = broken
    with pytest.raises(OSError, match="broken"):
        await app(scope_of("GET", "/", []), nothing, send)  # type: ignore[arg-type]
    assert "GET / failed half-way" in caplog.text
