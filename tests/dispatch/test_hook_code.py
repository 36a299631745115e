"""All hooks are one function, and a change of it is seen here."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest

from tests.conftest import Server
from zenith_server.dispatch.dispatcher import Dispatcher
from zenith_server.dispatch.hook_code import text_of
from zenith_server.plan import Hook, Inline, Origin
from zenith_server.protocol import Message, Send
from zenith_server.running import Running

HERE = Origin("here")
INDEX = {"routes/index.py": "async def get(): return 'hello'"}


def nothing(*_: Any) -> None: ...
def noted(*_: Any) -> None: ...


def test_the_code_has_what_the_hooks_do_and_nothing_else() -> None:
    running = Running()
    running.watch(nothing, 1.0)
    number = Inline("scope['request_id'] = $number()", {"number": nothing})
    hooks = (
        Hook("request-id", HERE, start=number, reply=nothing),
        Hook("sockets", HERE, start=nothing, only="websocket"),
        Hook("hosts", HERE, start=nothing, header=b"host", needed=True),
        Hook("cors", HERE, start=lambda _, origin: None, header=b"origin", reply=noted),
        Hook("compression", HERE, send=nothing),
        Hook("concurrency", HERE, wait=nothing),
        Hook("timeout", HERE, running=running, cancelled=nothing, finish=nothing),
        Hook("body_limit", HERE, receive=lambda _, receive: receive),
        Hook("log", HERE, finish=Inline("if exchange.size:\n    $note(ended)", {"note": noted})),
    )
    assert text_of(hooks, {"_inner": None}) == dedent("""
        async def __call__(app, scope, receive, send):
            if scope['type'] != 'http':
                await _bare(app, scope, receive, send)
                return
            path = _path_of(scope) if scope.get('root_path') else scope['path']
            fixed = _static.get(path)
            if fixed is not None and fixed.outside:
                await _bare(app, scope, receive, send)
                return
            if scope['method'] == 'HEAD':
                send = _headless(send)
            exchange = scope['zenith.exchange'] = _Exchange(_clock(), _ident() == _running.thread and _tasks.get(_running.loop) or _task())
            _enter(exchange)
            if exchange.began > _running.due:
                _running.begin()
            value_origin = None
            handler = endpoint = reply = None
            try:
                try:
                    known = dict(scope['headers'])
                    if len(known) != len(scope['headers']):
                        known = _Repeated(scope)
                    scope['request_id'] = _number_request_id()
                    value = known.get(b'host')
                    reply = _start_hosts(scope, value)
                    if reply is None:
                        value_origin = known.get(b'origin')
                        if value_origin is not None:
                            reply = _start_cors(scope, value_origin)
                    if reply is None:
                        turn = _wait_concurrency(scope)
                        if turn is not None:
                            await turn
                        if fixed is not None and _PERCENT not in (scope.get('raw_path') or b''):
                            handler, values, endpoint = fixed.handlers.get(scope['method']), (), fixed
                        if handler is None:
                            handler, values, endpoint = _find(scope)
                        exchange.endpoint = endpoint
                        reply = await handler(scope, receive, send, values)
                    if reply.__class__ is not _Reply:
                        if reply is not None:
                            await reply(scope, receive, _partial(_through, scope, send))
                        return
                except _ClientDisconnected:
                    return
                except Exception as error:
                    reply = await _failed(error, endpoint, scope, receive, _partial(_through, scope, send))
                except _CancelledError:
                    error = _cancelled_timeout(scope)
                    if error is None:
                        raise
                    reply = await _failed(error, endpoint, scope, receive, _partial(_through, scope, send))
                if reply is None:
                    return
                status, own, body = reply.status, reply.headers, reply.body
                start = {'type': 'http.response.start', 'status': status, 'headers': own}
                if _send_compression(scope, start) is not None:
                    await reply(scope, receive, _partial(_through, scope, send))
                    return
                own = start['headers']
                headers = [*own, *_headers]
                _reply_request_id(scope, {'type': 'http.response.start', 'status': status, 'headers': own}, headers)
                if value_origin is not None:
                    _reply_cors(scope, {'type': 'http.response.start', 'status': status, 'headers': own}, headers)
                exchange.status = status
                exchange.size = len(body)
                await send({'type': 'http.response.start', 'status': status, 'headers': headers})
                await send({'type': 'http.response.body', 'body': body})
            except _ClientDisconnected:
                return
            except Exception as error:
                if exchange.status:
                    _log_late(error, scope)
                raise
            finally:
                _leave(exchange)
                ended = _clock()
                _finish_timeout(scope)
                if exchange.size:
                    _note_log(ended)
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
