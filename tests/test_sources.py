from __future__ import annotations

from pathlib import Path

import pytest

from zenith_server.sources import is_project


def test_installed_libraries_are_not_the_project(tmp_path: Path) -> None:
    assert is_project(str(tmp_path / "routes/index.py"), tmp_path)
    assert not is_project(str(tmp_path / ".venv/lib/site-packages/x.py"), tmp_path)
    assert not is_project("/elsewhere/index.py", tmp_path)


def test_code_without_a_file_is_not_the_project_even_inside_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert not is_project("<string>", tmp_path)
