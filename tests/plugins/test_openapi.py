from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.processes import environment as clean
from tests.served import Answer, scope_of
from zenith_server.environment import EnvironmentName
from zenith_server.protocol import Message

Project = Callable[[Mapping[str, str]], Path]
ROUTE = {"routes/index.py": "async def get() -> int: return 1"}


async def test_the_document_has_an_etag_and_is_not_sent_twice(serve: Server) -> None:
    app = await serve(ROUTE)
    first = await app.get("/openapi.json")
    assert first.status == 200
    assert first.header("content-type") == "application/json"
    etag = first.header("etag") or ""
    again = await app.get("/openapi.json", {"if-none-match": f'"other", W/{etag}'})
    assert (again.status, again.body, again.header("etag")) == (304, b"", etag)
    other = await app.get("/openapi.json", {"if-none-match": '"other"'})
    assert (other.status, other.body) == (200, first.body)


async def test_the_document_is_made_once(serve: Server, tmp_path: Path) -> None:
    route = """
        from zenith_server import Gone

        async def get() -> int:
            raise Gone("Too late")
        """
    app = await serve({"routes/index.py": route})
    first = await app.get("/openapi.json")
    assert "410" in first.json()["paths"]["/"]["get"]["responses"]
    (tmp_path / "project/routes/index.py").unlink()  # what is raised is read from it
    again = await app.get("/openapi.json")
    assert (again.body, again.header("etag")) == (first.body, first.header("etag"))


async def test_the_document_of_a_mounted_app_says_where_it_is_mounted(serve: Server) -> None:
    app = await serve(ROUTE)
    answer = Answer()

    async def send(message: Message) -> None:
        answer.messages.append(message)

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = scope_of("GET", "/below/openapi.json", [])
    await app.app({**scope, "root_path": "/below"}, receive, send)
    assert answer.json()["servers"] == [{"url": "/below"}]
    assert "servers" not in (await app.get("/openapi.json")).json()


@pytest.mark.parametrize(
    ("environment", "status"), [("development", 200), ("test", 200), ("production", 404)]
)
async def test_only_development_and_test_serve_it(
    serve: Server, environment: EnvironmentName, status: int
) -> None:
    app = await serve(ROUTE, environment)
    assert (await app.get("/openapi.json")).status == status


async def test_a_setting_serves_it_elsewhere(serve: Server) -> None:
    app = await serve(ROUTE, "production", {"ZENITH_DOCS__OPENAPI": "true"})
    assert (await app.get("/openapi.json")).status == 200


@pytest.mark.parametrize(
    ("files", "info"),
    [
        ({}, {"title": "project", "version": "0.1.0"}),
        (
            {
                "pyproject.toml": '[project]\nname = "shop"\nversion = "2.1"\n'
                'description = "Sells things."\n'
            },
            {"title": "shop", "version": "2.1", "description": "Sells things."},
        ),
        (
            {"zenith.yaml": "docs: {title: Our shop, version: '3'}"},
            {"title": "Our shop", "version": "3"},
        ),
        ({"pyproject.toml": "[tool.ruff]\n"}, {"title": "project", "version": "0.1.0"}),
    ],
)
async def test_the_title_comes_from_the_settings_or_the_project(
    serve: Server, files: dict[str, str], info: dict[str, str]
) -> None:
    app = await serve(ROUTE | files)
    assert (await app.get("/openapi.json")).json()["info"] == info


def test_the_command_prints_the_document_or_writes_it(project: Project, tmp_path: Path) -> None:
    folder = project(ROUTE)
    printed = _command(folder)
    assert json.loads(printed.stdout)["paths"]["/"]["get"]["operationId"] == "get_root"
    file = tmp_path / "api.json"
    told = _command(folder, "--output", str(file))
    assert told.stdout == f"Written to {file}\n"
    assert file.read_text("utf-8") == printed.stdout


def test_the_command_tells_every_fault_of_the_handlers(project: Project) -> None:
    folder = project(
        {
            "routes/a.py": "async def get(x): ...",
            "routes/b.py": "async def get(y): ...",
        }
    )
    done = _command(folder)
    assert done.returncode == 1
    assert 'parameter "x"' in done.stderr
    assert 'parameter "y"' in done.stderr


def _command(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "zenith_server", "openapi", "--project", str(folder), *words]
    return subprocess.run(command, env=clean({}), capture_output=True, text=True, check=False)


def test_the_code_that_describes_waits_for_the_first_request(project: Project) -> None:
    folder = project(ROUTE)
    code = (
        "import sys; from zenith_server.asgi import create_app; "
        f"create_app({str(folder)!r}, env='development'); "
        "print('zenith_server.openapi.document' in sys.modules)"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=clean({}), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
