"""HTTPS, HTTP/2, Unix sockets and sockets that somebody else has opened, on both engines."""

from __future__ import annotations

import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from h2.connection import H2Connection
from hyperframe.frame import DataFrame, Frame, GoAwayFrame

from tests.conftest import ZenithStarter
from tests.processes import Process
from tests.projects import write_project
from zenith_server.runner.local_certificate import local_certificate

PROJECT = {
    "zenith.yaml": """
        server: {workers: 1, lame_duck: 0s, grace: 3s}
        security: {trusted_proxies: [unix]}
        logging: {level: warning}
    """,
    "routes/index.py": """
        from starlette.requests import Request

        async def get(request: Request) -> list[str]:
            client = request.client
            return [client.host if client else "", request.url.scheme]
    """,
    "routes/refused.py": """
        from zenith_server import Forbidden

        async def post():
            raise Forbidden
    """,
}
HANDED = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ.update(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.execv(sys.executable, [sys.executable, "-m", "zenith_server", *sys.argv[2:]])
"""
HEAD = 9
FORWARDED = {"x-forwarded-for": "203.0.113.9", "x-forwarded-proto": "https"}


def run_cli(*words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zenith_server", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


@pytest.fixture(params=["hypercorn", "granian"])
def engine(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_project(tmp_path / "shop", PROJECT)


@pytest.fixture
def trust(folder: Path) -> ssl.SSLContext:
    local_certificate(folder)
    return ssl.create_default_context(cafile=str(folder / "data/https/authority.pem"))


def test_https_speaks_http_2_and_1_and_tls_1_2(
    zenith: ZenithStarter, folder: Path, engine: str, trust: ssl.SSLContext
) -> None:
    server = zenith("dev", folder, "--https", "--engine", engine, "--host", "127.0.0.1")
    assert server.url.startswith("https://")
    url = server.url.replace("127.0.0.1", "localhost")
    with httpx2.Client(verify=trust, http2=True) as client:
        answers = [client.get(url) for _ in range(1100)]
        # An answer before the end of its body leaves the other requests alone.
        client.post(f"{url}/refused", content=b"x" * 300_000)
        answers.append(client.get(url))
    assert {(answer.status_code, answer.http_version) for answer in answers} == {(200, "HTTP/2")}
    assert answers[0].json() == ["127.0.0.1", "https"]
    health = run_cli("health", "--url", f"{url}/health/ready")
    assert (health.returncode, health.stdout) == (0, f"ready: {url}/health/ready says 200\n")
    trust.maximum_version = ssl.TLSVersion.TLSv1_2
    with httpx2.Client(verify=trust) as client:
        assert client.get(url).http_version == "HTTP/1.1"
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(url)


def test_a_client_of_http_2_is_told_before_its_connection_ends(
    zenith: ZenithStarter, folder: Path, engine: str, trust: ssl.SSLContext
) -> None:
    server = zenith("dev", folder, "--https", "--engine", engine, "--host", "127.0.0.1")
    port = int(server.url.rpartition(":")[2])
    trust.set_alpn_protocols(["h2"])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        trust.wrap_socket(plain, server_hostname="localhost") as wire,
    ):
        client = H2Connection()
        client.initiate_connection()
        request = (":method", "GET"), (":path", "/"), (":scheme", "https")
        client.send_headers(1, [*request, (":authority", "localhost")], end_stream=True)
        wire.sendall(client.data_to_send())
        received, told = b"", False
        while more := wire.recv(65_536):
            received += more
            if is_answered(frames(received)) and not told:
                server.send(signal.SIGTERM)
                told = True
    kinds = [type(frame) for frame in frames(received)]
    assert kinds.index(DataFrame) < kinds.index(GoAwayFrame)
    assert server.wait() == 0


def frames(data: bytes) -> list[Frame]:
    """Return the whole frames of HTTP/2 in what was received."""
    found: list[Frame] = []
    while len(data) >= HEAD:
        frame, size = Frame.parse_frame_header(memoryview(data[:HEAD]))
        if len(data) < HEAD + size:
            break
        frame.parse_body(memoryview(data[HEAD : HEAD + size]))
        found.append(frame)
        data = data[HEAD + size :]
    return found


def is_answered(given: list[Frame]) -> bool:
    return any(isinstance(frame, DataFrame) and "END_STREAM" in frame.flags for frame in given)


def test_connections_that_do_not_get_as_far_as_tls_end(
    zenith: ZenithStarter, folder: Path, engine: str, trust: ssl.SSLContext
) -> None:
    idle = {"ZENITH_CONNECTIONS__IDLE": "1s"}
    server = zenith("dev", folder, "--https", "--engine", engine, "--host", "127.0.0.1", env=idle)
    address = ("127.0.0.1", int(server.url.rpartition(":")[2]))
    for said in (b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"):
        with socket.create_connection(address, 10) as raw:
            raw.sendall(said)
            while raw.recv(1000):
                pass
    assert httpx2.get(server.url.replace("127.0.0.1", "localhost"), verify=trust).status_code == 200


def test_a_unix_socket_serves_trusts_its_proxy_and_goes(
    zenith: ZenithStarter, folder: Path, engine: str
) -> None:
    path = folder / "s.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    server = zenith(
        folder, "--bind", "unix:s.sock", "--engine", engine, "--env", "production", wait=False
    )
    server.wait_for("ready in")
    assert f"unix:{path}" in server.output
    assert path.stat().st_mode & 0o777 == 0o660
    with httpx2.Client(transport=httpx2.HTTPTransport(uds=str(path))) as client:
        assert client.get("http://shop/", headers=FORWARDED).json() == ["203.0.113.9", "https"]
    health = run_cli("health", "--project", folder, "--url", f"unix:{path}")
    assert (health.returncode, health.stdout) == (0, f"ready: unix:{path} says 200\n")
    again = zenith(folder, "--bind", "unix:s.sock", wait=False)
    assert again.wait() != 0
    assert "Somebody listens on" in again.output
    assert server.stop() == 0
    assert not path.exists()


@pytest.fixture
def opened() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.mark.parametrize("how", ["fd", "systemd"])
def test_a_socket_that_was_opened_before_is_served_on(
    folder: Path, engine: str, opened: socket.socket, how: str
) -> None:
    number = opened.fileno()
    words = [folder, "--engine", engine, "--env", "production"]
    handed = [sys.executable, "-c", HANDED, number, *words]
    command = handed if how == "systemd" else None
    server = Process(
        *words, "--bind", f"fd://{number}", env={}, cwd=folder, command=command, pass_fds=[number]
    )
    try:
        server.wait_for("ready in")
        url = f"http://127.0.0.1:{opened.getsockname()[1]}"
        assert httpx2.get(url).json() == ["127.0.0.1", "http"]
        assert server.stop() == 0
    finally:
        server.stop()
