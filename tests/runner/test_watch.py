from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from zenith_server.runner.watch import Saved, Seen, changes, matters, shows


@pytest.mark.parametrize(
    "name",
    ["app.py", "routes/[id].py", "zenith.yaml", ".env", ".env.local", "models/deep/er.py", "gone"],
)
def test_code_and_configuration_matter(tmp_path: Path, name: str) -> None:
    assert matters(tmp_path / name, tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "__pycache__/app.cpython-311.pyc", ".git/config", ".venv/lib/x.py", "node_modules/a/x.py",
        "data/dev.sqlite3-wal", "data/x.py", "data", "dev.sqlite3", "server.log", "app.py~",
        ".app.py.swp", ".#app.py", "app.py___jb_tmp___", "templates/page.html", "static/x.css",
    ],
)  # fmt: skip
def test_what_tools_and_the_app_write_does_not_matter(tmp_path: Path, name: str) -> None:
    assert not matters(tmp_path / name, tmp_path)


def test_a_folder_matters_if_it_brings_modules(tmp_path: Path) -> None:
    (tmp_path / "routes/new").mkdir(parents=True)
    (tmp_path / "uploads").mkdir()
    (tmp_path / "routes/new/index.py").touch()
    assert matters(tmp_path / "routes", tmp_path)
    assert not matters(tmp_path / "uploads", tmp_path)
    assert not matters(tmp_path, tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "templates/page.html", "templates/mail/welcome.txt", "static/site.css", "static/logo.png",
        "routes/page.jinja", "components/menu.js", "app/templates/deep/er/page",
    ],
)  # fmt: skip
def test_what_pages_are_made_of_shows_and_needs_no_new_process(tmp_path: Path, name: str) -> None:
    assert shows(tmp_path / name, tmp_path)
    assert not matters(tmp_path / name, tmp_path)


@pytest.mark.parametrize(
    "name",
    [
        "app.py", "templates/tags.py", "zenith.yaml", ".env", "migrations/1_first.sql",
        "uploads/photo.png", "data/static/x.css", "node_modules/a/x.js", "server.log",
        "templates/.page.html.swp", "templates/page.html~", "static/page.html___jb_tmp___",
    ],
)  # fmt: skip
def test_code_uploads_and_what_tools_write_do_not_show(tmp_path: Path, name: str) -> None:
    assert not shows(tmp_path / name, tmp_path)


async def test_a_save_of_both_kinds_is_told_as_one(tmp_path: Path) -> None:
    async with asyncio.timeout(20):
        saving = asyncio.create_task(_save_soon(tmp_path, "app.py", "page.html"))
        async for saved in changes(tmp_path):
            assert saved == Saved(("app.py",), ("page.html",))
            break
        await saving


async def _save_soon(folder: Path, *names: str) -> None:
    await asyncio.sleep(0.5)
    for name in names:
        (folder / name).write_text("x")


def test_a_late_event_of_a_save_that_was_told_is_no_other_save(tmp_path: Path) -> None:
    file, seen = tmp_path / "app.py", Seen()
    file.write_text("1")
    assert seen.new([file]) == {file}
    assert seen.new([file]) == set()
    file.write_text("22")
    assert seen.new([file]) == {file}
    file.unlink()
    assert seen.new([file]) == {file}
    assert seen.new([file]) == set()
