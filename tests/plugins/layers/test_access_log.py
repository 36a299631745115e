from __future__ import annotations

import logging
from typing import Any, cast

import msgspec
import pytest

from tests.conftest import Server
from tests.plugins.layers.asking import INDEX, SOCKET, asked, connected
from zenith_server.dispatch.dispatcher import Dispatcher
from zenith_server.plugins.layers.access_log import Line

LOGGED = {**INDEX, "zenith.yaml": "logging: {level: info}\n"}
NAME = "zenith_server.access"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, NAME)
    return caplog


def fields(record: logging.LogRecord) -> dict[str, Any]:
    return msgspec.structs.asdict(cast("Line", record.msg))


async def test_a_request_is_one_line_with_all_that_happened(
    serve: Server, log: pytest.LogCaptureFixture
) -> None:
    answer = await (await serve(LOGGED)).get("/")
    [line] = log.records
    noted = fields(line)
    assert noted.pop("time").timestamp() == pytest.approx(line.created, abs=0.001)
    assert noted.pop("duration_ms") >= 0
    assert noted == {
        "level": "info",
        "logger": NAME,
        "method": "GET",
        "path": "/",
        "status": 200,
        "bytes": len(answer.body),
        "client": "127.0.0.1",
        "request_id": answer.header("x-request-id"),
    }
    assert line.getMessage().startswith("GET / 200 in ")


async def test_the_query_string_is_never_noted(
    serve: Server, log: pytest.LogCaptureFixture
) -> None:
    await (await serve(LOGGED)).get("/?token=secret")
    assert "secret" not in str(vars(log.records[0]))


async def test_a_record_has_every_attribute_that_formatters_may_use(
    serve: Server, log: pytest.LogCaptureFixture
) -> None:
    await (await serve(LOGGED)).get("/")
    usual = logging.getLogRecordFactory()("a", logging.INFO, "", 0, "", (), None)
    assert set(vars(usual)) <= set(vars(log.records[0]))
    assert logging.Formatter("%(asctime)s %(process)d %(name)s").format(log.records[0])


async def test_a_stream_is_noted_after_its_last_part(
    serve: Server, log: pytest.LogCaptureFixture
) -> None:
    stream = """
        import logging
        log = logging.getLogger("zenith_server.access")

        async def get():
            yield b"12345"
            log.info("between")
            yield b"678"
    """
    await (await serve({**LOGGED, "routes/stream.py": stream})).get("/stream")
    between, line = log.records
    assert (between.getMessage(), fields(line)["bytes"]) == ("between", 8)


async def test_what_fails_is_noted_with_the_status_that_was_sent(
    serve: Server, log: pytest.LogCaptureFixture
) -> None:
    failing = {**LOGGED, "routes/bug.py": "async def get(): raise RuntimeError('no')\n"}
    await (await serve(failing)).get("/bug")
    assert fields(next(line for line in log.records if line.name == NAME))["status"] == 500


async def test_a_client_that_goes_before_its_answer_is_noted_as_gone(
    serve: Server, log: pytest.LogCaptureFixture
) -> None:
    app = await serve({**LOGGED, "routes/echo.py": "async def post(body: dict): return body\n"})
    await asked(app, "/echo", [("content-type", "application/json")], method="POST")
    assert fields(log.records[0])["status"] == 499


async def test_a_websocket_is_noted_when_it_ends(
    serve: Server, log: pytest.LogCaptureFixture
) -> None:
    app = await serve({**SOCKET, "zenith.yaml": "logging: {level: info}\n"})
    await connected(app)
    await connected(app, [("origin", "https://evil.example")])
    noted = [(fields(line)["method"], fields(line)["status"]) for line in log.records]
    assert noted == [("WEBSOCKET", 101), ("WEBSOCKET", 403)]


async def test_a_server_without_peer_addresses_notes_none(
    serve: Server, log: pytest.LogCaptureFixture
) -> None:
    await asked(await serve(LOGGED), client=None)
    assert fields(log.records[0])["client"] == "-"


async def test_nothing_is_noted_while_the_logger_is_silent(
    serve: Server, log: pytest.LogCaptureFixture
) -> None:
    app = await serve(LOGGED)
    logging.getLogger(NAME).setLevel(logging.WARNING)
    await app.get("/")
    assert log.records == []


async def test_above_info_there_is_no_hook_and_the_plan_says_why(serve: Server) -> None:
    app = (await serve({**INDEX, "zenith.yaml": "logging: {level: error}\n"})).app
    assert isinstance(app, Dispatcher)
    assert "access_log" not in [hook.name for hook in app.plan.hooks]
    [idle] = [idle for idle in app.plan.idle if idle.name == "access_log"]
    assert idle.reason == "logging.level is error, and requests are info"
