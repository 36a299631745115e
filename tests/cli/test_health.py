from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.commands import Command


class Answer(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health/ready" else 503)
        self.end_headers()

    def log_message(self, *_: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Print nothing."""


@pytest.fixture
def port() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.01])
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("host", ["", "0.0.0.0", "127.0.0.1"])
def test_the_configured_port_is_asked(
    command: Command, port: int, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", str(port))
    monkeypatch.setenv("HOST", host)
    ran = command("health")
    assert (ran.code, ran.out) == (0, f"ready: http://127.0.0.1:{port}/health/ready says 200\n")


def test_the_port_of_the_project_is_asked(command: Command, port: int) -> None:
    files = {"shop/zenith.yaml": f"server: {{port: {port}, host: 127.0.0.1}}"}
    assert command("health", "--project", "shop", files=files).code == 0


def test_a_server_that_is_not_ready_is_a_failure(command: Command, port: int) -> None:
    url = f"http://127.0.0.1:{port}/health"
    ran = command("health", "--url", url)
    assert (ran.code, ran.out, ran.err) == (1, "", f"not ready: {url} says 503\n")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "no-url", "http://[::1"])
def test_no_answer_is_a_failure_in_one_line(command: Command, url: str) -> None:
    ran = command("health", "--url", url)
    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert ran.err.startswith(f"not ready: {url} does not answer: ")


def test_a_proxy_of_the_environment_is_not_asked(
    command: Command, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert command("health", "--url", f"http://127.0.0.1:{port}/health/ready").code == 0


def test_an_ipv6_address_stands_in_brackets(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST", "::")
    monkeypatch.setenv("PORT", "1")
    assert "http://[::1]:1/health/ready" in command("health").err
