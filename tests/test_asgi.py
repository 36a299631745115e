"""The door for any ASGI server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.projects import write_project
from tests.served import Served
from zenith_server import asgi
from zenith_server.errors import ProjectError
from zenith_server.load import take_back_variables

WHO = """
    import os
    from models.user import NAME
    def get(): return [NAME, os.environ["ZT_WHO"]]
"""


def folder(tmp_path: Path, name: str, more: Mapping[str, str] | None = None) -> Path:
    files = {
        "routes/index.py": WHO,
        "models/user.py": f"NAME = '{name}'",
        ".env": f"ZT_WHO={name}\n",
    }
    return write_project(tmp_path / name, {**files, **(more or {})})


@pytest.fixture(autouse=True)
def nothing_left() -> Iterator[None]:
    yield
    take_back_variables()
    asgi.__dict__.pop("app", None)


async def test_a_folder_becomes_an_app(tmp_path: Path) -> None:
    app = asgi.create_app(str(folder(tmp_path, "one")), env="test")
    assert (await Served(app).get("/")).json() == ["one", "one"]


async def test_two_folders_with_the_same_modules_are_two_apps(tmp_path: Path) -> None:
    for name in ("one", "two", "one"):
        app = asgi.create_app(folder(tmp_path, name), env="test")
        assert (await Served(app).get("/")).json() == [name, name]


async def test_the_first_of_two_apps_goes_on(tmp_path: Path) -> None:
    first = Served(asgi.create_app(folder(tmp_path, "one"), env="test"))
    second = Served(asgi.create_app(folder(tmp_path, "two"), env="test"))
    assert [(await app.get("/")).json()[0] for app in (first, second)] == ["one", "two"]


async def test_one_folder_can_be_two_apps(tmp_path: Path) -> None:
    apps = [Served(asgi.create_app(folder(tmp_path, "one"), env="test")) for _ in range(2)]
    assert [(await app.get("/")).status for app in apps] == [200, 200]


async def test_the_folder_is_named_by_a_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENITH_PROJECT", str(folder(tmp_path, "one")))
    monkeypatch.setenv("ZENITH_ENV", "test")
    assert (await Served(asgi.app).get("/")).json() == ["one", "one"]
    assert asgi.app is asgi.app


def test_without_the_variable_it_is_said_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZENITH_PROJECT", raising=False)
    with pytest.raises(ProjectError, match="ZENITH_PROJECT is not set"):
        _ = asgi.app


def test_the_module_has_nothing_else() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'application'"):
        _ = asgi.application
