from __future__ import annotations

from pathlib import Path

import pytest

from zenith_server.settings import settings_of


def test_the_project_does_not_depend_on_the_current_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert settings_of(Path("shop"), env="test").root == tmp_path / "shop"


def test_the_dev_command_means_development_unless_something_else_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ZENITH_ENV", "APP_ENV", "ENVIRONMENT"):
        monkeypatch.delenv(name, raising=False)
    assert settings_of(tmp_path, dev_command=True).environment.name == "development"
    assert settings_of(tmp_path, dev_command=True, env="test").environment.name == "test"


def test_options_win_over_the_process_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORT", "9000")
    settings = settings_of(tmp_path, env="test", options={"server.port": 9001})
    assert (settings.server.port, settings.origin("server.port")) == (9001, "command line --port")
