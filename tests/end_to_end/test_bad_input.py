"""What no server should take is refused with a 4xx problem document, and nothing is stored."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.end_to_end.bad_input import PROJECT, Bad, cases
from tests.processes import Process
from tests.projects import write_project
from tests.served import Served, served
from tests.servers import free_port

CASES = cases()


# --- in process ---


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_project(tmp_path_factory.mktemp("bad") / "project", PROJECT)


@pytest.fixture
async def app(folder: Path) -> AsyncIterator[Served]:
    app = await served(folder)
    yield app
    await app.stop()


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: bad.name)
async def test_it_is_refused(app: Served, bad: Bad) -> None:
    answer = await app.request(bad.method, bad.url, list(bad.headers), bad.body)
    assert (answer.status, answer.header("content-type")) == (
        bad.status,
        "application/problem+json",
    ), answer.body[:300]
    assert answer.json()["status"] == bad.status
    assert answer.json()["request_id"] == answer.header("x-request-id")
    assert (await app.get("/items")).json() == 0


URLS = [
    *("/", "/items", "/items/1", "/files/a", "/search", "/model", "/form", "/anything"),
    *("/health", "/nowhere"),
]
TEXTS = st.one_of(
    st.text(max_size=20),
    st.sampled_from(["nan", "9" * 400, "-1", "1e400", "null", "\0", "\ud800", "..", "%", "{}"]),
)
VALUES: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=9,
)
FIELDS = st.sampled_from(
    ["name", "stock", "price", "exact", "day", "number", "parts", "age", "file", "limit", "tags"]
)
BODIES = st.one_of(
    st.binary(max_size=60),
    VALUES.map(lambda value: json.dumps(value).encode()),
    st.dictionaries(FIELDS, VALUES, max_size=5).map(lambda value: json.dumps(value).encode()),
)
KINDS = st.sampled_from(
    ["application/json", "application/x-www-form-urlencoded", "multipart/form-data; boundary=b", ""]
)
NAMES = st.sampled_from(["x-limit", "authorization", "cookie", "content-length", "accept", "host"])


@settings(
    max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "QUERY"]),
    url=st.sampled_from(URLS),
    rest=st.text(max_size=20),
    query=st.dictionaries(
        FIELDS | st.sampled_from(["q", "id", "since", "ratio"]), TEXTS, max_size=4
    ),
    headers=st.lists(st.tuples(NAMES, st.binary(max_size=20)), max_size=3),
    kind=KINDS,
    body=BODIES,
)
async def test_nothing_that_a_client_sends_is_our_fault(
    app: Served, method: str, url: str, rest: str, query: Any, headers: Any, kind: str, body: bytes
) -> None:
    pairs = "&".join(f"{key}={_quoted(value)}" for key, value in query.items())
    given_headers = [(name, value.decode("latin-1")) for name, value in headers]
    all_headers = [("content-type", kind), *given_headers]
    answer = await app.request(method, f"{url}{_quoted(rest)}?{pairs}", all_headers, body)
    assert answer.status < 500, (answer.status, answer.body)


def _quoted(text: str) -> str:
    raw = text.encode("utf-8", "surrogatepass")
    return "".join(
        chr(byte) if chr(byte).isalnum() and byte < 128 else f"%{byte:02x}" for byte in raw
    )


# --- through real sockets ---


@pytest.fixture(scope="module", params=["hypercorn", "granian"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Process]:
    root = tmp_path_factory.mktemp(request.param)
    folder = write_project(root / "project", PROJECT)
    arguments = ("run", folder, "--env", "test", "--engine", request.param, "--workers", "1")
    process = Process(*arguments, env={"PORT": str(free_port())}, cwd=root)
    try:
        yield process.wait_until_serves()
    finally:
        process.stop()


def exchange(process: Process, request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Send raw bytes on a connection of their own and return the response."""
    address = urlsplit(process.url)
    assert address.hostname
    assert address.port
    with socket.create_connection((address.hostname, address.port), 30) as connection:
        connection.settimeout(30)
        received = b""
        # It may answer and close before it has read everything.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(request)
        with suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    status, *lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in lines)
    return int(status.split()[1]), {name.lower(): value for name, _, value in pairs}, body


def raw(bad: Bad) -> bytes:
    headers = [("Host", "localhost"), ("Connection", "close"), *bad.headers]
    if bad.body or bad.method in {"POST", "PUT"}:
        headers.append(("Content-Length", str(len(bad.body))))
    lines = [f"{bad.method} {bad.url} HTTP/1.1", *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + bad.body


@pytest.mark.parametrize("bad", CASES, ids=lambda bad: bad.name)
def test_it_is_refused_on_the_wire(server: Process, bad: Bad) -> None:
    status, headers, body = exchange(server, raw(bad))
    assert (status, headers.get("content-type")) == (bad.status, "application/problem+json"), body
    assert json.loads(body)["status"] == bad.status


MALFORMED = {
    "a raw NUL in the path": b"GET /items/\x00 HTTP/1.1\r\nHost: a\r\n\r\n",
    "a raw byte in the path": b"GET /items/\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    "a raw byte in the query": b"GET /search?q=\xff HTTP/1.1\r\nHost: a\r\n\r\n",
    "a NUL in a header": b"GET /items HTTP/1.1\r\nHost: a\r\nX-Limit: \x00\r\n\r\n",
    "no version": b"GET /items\r\n\r\n",
    "rubbish": b"\x00\x01\x02\r\n\r\n",
    "two lengths": b"POST /items HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
    b"Content-Length: 2\r\n\r\n{}",
    "no length": b"POST /items HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n{}",
    "a header of a mebibyte": b"GET /items HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 2**20 + b"\r\n\r\n",
    "a path of a mebibyte": b"GET /" + b"a" * 2**20 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_request_is_refused_by_the_engine(server: Process, name: str) -> None:
    status, _, _ = exchange(
        server, MALFORMED[name].replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    )
    assert 400 <= status < 500


def test_nothing_was_stored_and_nothing_was_our_fault(server: Process) -> None:
    request = b"GET /items HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    status, _, body = exchange(server, request)
    assert (status, body) == (200, b"0")
    assert not re.search("Traceback|ERROR", server.output), server.output[-3000:]
