from __future__ import annotations

from pathlib import Path

import pytest

from zenith_server.runner.watch import matters


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
