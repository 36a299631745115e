"""What every engine does alike, over real sockets."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from websockets.sync.client import connect

from tests.runner.serving import SAMPLE_APP, Runner

ENGINES = ("hypercorn", "granian")


@pytest.fixture(scope="module", params=ENGINES)
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Runner]:
    with Runner(tmp_path_factory.mktemp("project"), engine=request.param) as runner:
        yield runner.ready()


def test_a_get_is_answered(server: Runner) -> None:
    answer = server.get()
    assert (answer.status_code, answer.text) == (200, "hello")


def test_the_answer_to_head_has_no_body(server: Runner) -> None:
    answer = httpx2.head(server.url)
    assert (answer.status_code, answer.content, answer.headers["content-length"]) == (200, b"", "5")


def test_a_large_body_arrives_whole(server: Runner) -> None:
    body = bytes(range(256)) * 20_000
    assert httpx2.post(f"{server.url}/echo", content=body, timeout=30).content == body


def test_a_chunked_upload_arrives_whole(server: Runner) -> None:
    parts = [b"part %d;" % number for number in range(500)]
    answer = httpx2.post(f"{server.url}/echo", content=iter(parts), timeout=30)
    assert answer.content == b"".join(parts)


def test_a_streamed_answer_arrives_while_it_is_made(server: Runner) -> None:
    arrived: list[tuple[float, bytes]] = []
    with httpx2.stream("GET", f"{server.url}/stream") as answer:
        arrived = [(time.monotonic(), part) for part in answer.iter_raw()]
    assert b"".join(part for _, part in arrived) == b"one two three"
    assert arrived[-1][0] - arrived[0][0] > 0.05


def test_a_websocket_echoes_text_and_bytes(server: Runner) -> None:
    with connect(server.url.replace("http", "ws") + "/ws") as websocket:
        websocket.send("text")
        assert websocket.recv() == "text"
        websocket.send(b"bytes")
        assert websocket.recv() == b"bytes"


def test_connections_are_kept_alive(server: Runner) -> None:
    with httpx2.Client() as client:
        streams = [client.get(server.url).extensions["network_stream"] for _ in range(2)]
        ports = {stream.get_extra_info("client_addr") for stream in streams}
    assert len(ports) == 1


def test_a_body_with_two_lengths_brings_no_second_request(server: Runner) -> None:
    with server.connection() as raw:
        raw.sendall(
            b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"
        )
        answer = b"".join(iter(lambda: raw.recv(1000), b""))
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_target_in_absolute_form_is_its_path(server: Runner) -> None:
    with server.connection() as raw:
        raw.sendall(b"GET http://x/state?a=b/c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: raw.recv(1000), b""))
    assert b"from the lifespan" in answer


def test_the_handler_learns_that_the_client_has_gone(server: Runner) -> None:
    with server.connection() as raw:
        raw.sendall(b"GET /gone HTTP/1.1\r\nHost: x\r\n\r\n")
        server.noted("gone began")
    server.noted("client went")


def test_the_state_of_the_lifespan_reaches_requests(server: Runner) -> None:
    assert server.get("/state").text == "from the lifespan"


def test_a_handler_that_raises_is_a_500(server: Runner) -> None:
    assert server.get("/fail").status_code == 500


@pytest.mark.parametrize("engine", ENGINES)
def test_the_lifespan_is_started_and_shut_down_once(tmp_path: Path, engine: str) -> None:
    with Runner(tmp_path, engine=engine) as runner:
        code = runner.ready().stop()
    assert (code, runner.notes) == (0, ["startup", "shutdown"])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_start_up_that_fails_stops_the_start(tmp_path: Path, engine: str) -> None:
    broken = SAMPLE_APP.replace('note("startup")', 'raise OSError("no database")')
    (tmp_path / "app.py").write_text(broken)
    with Runner(tmp_path, engine=engine) as runner:
        assert runner.wait() == 1
    assert "OSError: no database" in runner.output
    assert "app.py" in runner.output
    assert "zenith_server" not in runner.output


@pytest.mark.parametrize("engine", ENGINES)
def test_a_start_up_that_says_it_failed_stops_the_start(tmp_path: Path, engine: str) -> None:
    failed = '{"type": "lifespan.startup.failed", "message": "the disk is full"}'
    complete = '{"type": "lifespan.startup.complete"}'
    (tmp_path / "app.py").write_text(SAMPLE_APP.replace(complete, failed))
    with Runner(tmp_path, engine=engine) as runner:
        assert runner.wait() == 1
    assert "the disk is full" in runner.output


@pytest.mark.parametrize("engine", ENGINES)
def test_an_app_without_lifespan_is_served(tmp_path: Path, engine: str) -> None:
    (tmp_path / "app.py").write_text(
        SAMPLE_APP.replace("await lifespan(scope, receive, send)", "raise NotImplementedError")
    )
    with Runner(tmp_path, engine=engine) as runner:
        assert runner.ready().get().text == "hello"
        assert runner.stop() == 0


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("path", ["/endless", "/stuck"])
def test_a_request_without_end_is_cancelled_after_the_grace(
    tmp_path: Path, engine: str, path: str
) -> None:
    with Runner(tmp_path, engine=engine, grace=0.5) as runner, runner.ready().connection() as raw:
        raw.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % path.encode())
        if path == "/endless":
            assert raw.recv(1)
        else:
            runner.noted("stuck began")
        began = time.monotonic()
        assert runner.stop() == 0
        assert time.monotonic() - began < 10
        assert runner.notes[-2:] == [f"{path[1:]} ended", "shutdown"]


@pytest.mark.parametrize("engine", ENGINES)
def test_an_open_websocket_does_not_hold_up_the_stop(tmp_path: Path, engine: str) -> None:
    with (
        Runner(tmp_path, engine=engine, grace=0.5) as runner,
        connect(runner.ready().url.replace("http", "ws") + "/ws"),
    ):
        began = time.monotonic()
        assert runner.noted("websocket open").stop() == 0
        assert time.monotonic() - began < 10


@pytest.mark.parametrize("engine", ENGINES)
def test_idle_connections_do_not_hold_up_the_stop(tmp_path: Path, engine: str) -> None:
    with Runner(tmp_path, engine=engine, grace=20) as runner, httpx2.Client() as client:
        client.get(runner.ready().url)
        with runner.connection():
            began = time.monotonic()
            assert runner.stop() == 0
            assert time.monotonic() - began < 10


@pytest.mark.parametrize("engine", ENGINES)
def test_a_request_in_flight_is_answered_before_the_stop(tmp_path: Path, engine: str) -> None:
    with Runner(tmp_path, engine=engine) as runner, runner.ready().connection() as raw:
        raw.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        assert runner.noted("slow began").stop() == 0
        assert raw.recv(65536).endswith((b"slow", b"slow\r\n0\r\n\r\n"))
