from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.processes import environment as clean
from zenith_server.environment import EnvironmentName
from zenith_server.errors import ProjectError

Project = Callable[[Mapping[str, str]], Path]
ROUTE = {"routes/index.py": "async def get() -> int: return 1"}
ON = {"ZENITH_DOCS__UI": "true"}


@pytest.mark.parametrize(
    ("environment", "status"), [("development", 200), ("test", 404), ("production", 404)]
)
async def test_only_development_has_the_page(
    serve: Server, environment: EnvironmentName, status: int
) -> None:
    app = await serve(ROUTE, environment)
    assert (await app.get("/docs")).status == status


async def test_a_setting_has_the_page_elsewhere_with_the_document(serve: Server) -> None:
    app = await serve(ROUTE, "production", ON)
    assert (await app.get("/docs")).status == 200
    assert (await app.get("/openapi.json")).status == 200


async def test_the_page_runs_only_scripts_of_this_server(serve: Server) -> None:
    app = await serve(ROUTE, "production", ON)
    answer = await app.get("/docs")
    policy = answer.header("content-security-policy") or ""
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert b"http" not in answer.body
    assert answer.body.count(b"<script") == answer.body.count(b'<script src="docs/')


async def test_the_files_of_the_page_come_from_the_package(serve: Server) -> None:
    app = await serve(ROUTE, "test", ON)
    page = (await app.get("/docs")).body.decode()
    for name, media in {
        "start.js": "text/javascript; charset=utf-8",
        "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
        "swagger-ui.css": "text/css; charset=utf-8",
        "favicon-32x32.png": "image/png",
    }.items():
        assert f'"docs/{name}"' in page
        answer = await app.get(f"/docs/{name}")
        assert (answer.status, answer.header("content-type")) == (200, media)
        again = await app.get(f"/docs/{name}", {"if-none-match": answer.header("etag") or ""})
        assert again.status == 304


@pytest.mark.parametrize("name", ["index.html", "swagger-ui.js.map", "other"])
async def test_no_other_file_of_the_package_is_served(serve: Server, name: str) -> None:
    app = await serve(ROUTE, "test", ON)
    assert (await app.get(f"/docs/{name}")).status == 404


async def test_the_title_is_escaped(serve: Server) -> None:
    app = await serve(ROUTE, "test", {**ON, "ZENITH_DOCS__TITLE": "<b>Shop</b>"})
    assert (
        "<title>&lt;b&gt;Shop&lt;/b&gt;: the API</title>" in (await app.get("/docs")).body.decode()
    )


async def test_without_the_package_the_page_says_how_to_install_it(
    serve: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zenith_server.openapi.swagger.PACKAGE", "not_installed_at_all")
    app = await serve(ROUTE, "development")
    answer = await app.get("/docs")
    assert answer.status == 501
    assert 'pip install "zenith-server[docs]"' in answer.json()["detail"]


async def test_asking_for_the_page_without_the_package_stops_the_start(
    serve: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zenith_server.openapi.swagger.PACKAGE", "not_installed_at_all")
    with pytest.raises(ProjectError, match="needs Swagger UI") as error:
        await serve(ROUTE, "production", ON)
    assert 'pip install "zenith-server[docs]"' in str(error.value)
    assert "environment variable ZENITH_DOCS__UI" in str(error.value)


def test_production_does_not_import_the_page(project: Project) -> None:
    folder = project(ROUTE)
    code = (
        "import sys; from zenith_server.asgi import create_app; "
        f"create_app({str(folder)!r}, env='production'); "
        "print([name for name in sys.modules if 'swagger' in name or '.openapi.' in name])"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=clean({}), capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
