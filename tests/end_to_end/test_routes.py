"""Files become URLs through real processes and sockets."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.conftest import ZenithStarter
from tests.processes import Process, environment
from tests.projects import write_project
from tests.servers import free_port

FILES = {
    "routes/index.py": "def get(): return 'index'",
    "routes/users.py": """
        from zenith_server import route
        def get(): return 'users'
        @route.get("/export")
        async def export(): return "export"
    """,
    "routes/users/me.py": "def get(): return 'me'",
    "routes/users/[id].py": """
        def get(id: int): return id
        def delete(id: int): ...
    """,
    "routes/users/[id]/posts.py": "def get(id: str): return [id]",
    "routes/shops/index.py": "def get(): return 'shops'",
    "routes/files/[...path].py": "def get(path: str): return path",
    "routes/(admin)/_middleware.py": """
        from typing import Annotated
        from zenith_server import Forbidden, Header
        def before(key: Annotated[str, Header()] = ""):
            if key != "open":
                raise Forbidden
    """,
    "routes/(admin)/stats.py": "def get(): return 'stats'",
    "routes/_private.py": "def get(): return 'private'",
    "routes/chat/[room].py": """
        from zenith_server import Forbidden, WebSocket
        async def websocket(ws: WebSocket, room: str):
            if room == "attic":
                raise Forbidden("not the attic")
            await ws.accept()
            async for text in ws.iter_text():
                await ws.send_text(f"{room} {text}")
    """,
    "routes/shop.py": """
        from starlette.responses import JSONResponse
        async def app(scope, receive, send):
            await JSONResponse([scope["root_path"], scope["path"]])(scope, receive, send)
    """,
}


class Got(NamedTuple):
    """What came back."""

    status: int
    body: Any
    headers: dict[str, str]


def ask(address: str, method: str, path: str, headers: dict[str, str] | None = None) -> Got:
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=20)
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        text = answer.read()
        is_json = "json" in answer.headers.get("content-type", "")
        lower = {name.lower(): value for name, value in answer.headers.items()}
        return Got(answer.status, json.loads(text) if is_json and text else text, lower)
    finally:
        connection.close()


@pytest.fixture(scope="module", params=["hypercorn", "granian"])
def address(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("routes")
    write_project(folder / "project", FILES)
    process = Process(
        *("./project", "--env", "test", "--engine", request.param, "--workers", "1"),
        env={"PORT": str(free_port())},
        cwd=folder,
    )
    try:
        yield process.wait_until_serves().url
    finally:
        process.stop()


@pytest.mark.parametrize(
    ("url", "body"),
    [
        ("/", "index"),
        ("/users", "users"),
        ("/users/export", "export"),
        ("/users/me", "me"),
        ("/users/7", 7),
        ("/users/7/posts", ["7"]),
        ("/users/me/posts", ["me"]),
        ("/users/a%2Fb/posts", ["a/b"]),
        ("/shops", "shops"),
        ("/files/a/b/c.txt", "a/b/c.txt"),
        ("/files/caf%C3%A9", "café"),
        ("/shop/a/b", ["/shop", "/shop/a/b"]),
    ],
)
def test_a_url_is_answered_by_its_file(address: str, url: str, body: Any) -> None:
    assert ask(address, "GET", url)[:2] == (200, body)


@pytest.mark.parametrize("url", ["/_private", "/nothing", "/users/x", "/(admin)/stats"])
def test_what_has_no_file_is_a_problem_document(address: str, url: str) -> None:
    got = ask(address, "GET", url)
    assert (got.status, got.body["status"]) == (404, 404)
    assert got.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("url", ["/files/%2e%2e/x", "/files/..%2fx", "/files/%00", "/files/%FF"])
def test_a_path_that_leads_elsewhere_is_refused(address: str, url: str) -> None:
    assert ask(address, "GET", url).status in {400, 404}


def test_a_group_adds_nothing_to_the_url_and_guards_its_files(address: str) -> None:
    assert ask(address, "GET", "/stats").status == 403
    assert ask(address, "GET", "/stats", {"key": "open"}).body == "stats"


def test_no_other_pattern_answers_for_a_method(address: str) -> None:
    got = ask(address, "DELETE", "/users/me")
    assert (got.status, got.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_head_and_options_are_answered(address: str) -> None:
    head = ask(address, "HEAD", "/users")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "7")
    assert ask(address, "OPTIONS", "/users/7").headers["allow"] == "DELETE, GET, HEAD, OPTIONS"


def test_a_last_slash_leads_to_the_url_without_it(address: str) -> None:
    got = ask(address, "GET", "/users/?page=2")
    assert (got.status, got.headers["location"]) == (308, "/users?page=2")


def test_a_websocket_talks(address: str) -> None:
    with connect(f"{address.replace('http', 'ws')}/chat/kitchen") as socket:
        socket.send("hello")
        assert socket.recv(timeout=20) == "kitchen hello"


def test_a_websocket_is_refused_before_the_handshake(address: str) -> None:
    with pytest.raises(InvalidStatus) as caught:
        connect(f"{address.replace('http', 'ws')}/chat/attic")
    assert caught.value.response.status_code == 403


def test_every_fault_is_told_and_nothing_serves(zenith: ZenithStarter, tmp_path: Path) -> None:
    files = {"routes/[id].py": "def get(): ...", "routes/users.py": "", "routes/a b.py": ""}
    write_project(tmp_path / "broken", files)
    process = zenith("./broken", "--env", "production", wait=False)
    assert process.wait() != 0
    for what in ("does not take id", "routes/users.py answers nothing", '"a b" is not a URL'):
        assert what in process.output


MAIN = """
    from zenith_server import Zenith

    app = Zenith()

    @app.get("/items/{id}")
    async def item(id: int): return id
"""


def hypercorn(folder: Path, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "hypercorn", "--bind", f"127.0.0.1:{port}", "main:app"]
    variables = environment({"ZENITH_ENV": "test"})
    return subprocess.Popen(
        command, cwd=folder, env=variables, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def test_an_app_of_three_lines_is_served_by_any_server(tmp_path: Path) -> None:
    files = {"main.py": MAIN, "routes/users.py": "def get(): return 'users'"}
    port = free_port()
    process = hypercorn(write_project(tmp_path / "app", files), port)
    try:
        assert process.stdout is not None
        while b"Running on" not in (line := process.stdout.readline()):
            assert line, "the server ended"
        assert ask(f"http://127.0.0.1:{port}", "GET", "/items/7").body == 7
        assert ask(f"http://127.0.0.1:{port}", "GET", "/users").body == "users"
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_an_app_that_cannot_be_served_stops_any_server(tmp_path: Path) -> None:
    folder = write_project(tmp_path / "app", {"main.py": MAIN, "routes/users.py": ""})
    process = hypercorn(folder, free_port())
    output, _ = process.communicate(timeout=30)
    assert b"routes/users.py answers nothing" in output
