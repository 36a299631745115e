from __future__ import annotations

from pathlib import Path

import pytest

from zenith_server.cli.project import settings_in
from zenith_server.errors import ProjectError


def test_the_settings_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "zenith.yaml").write_text("server: {port: 9000}")
    assert settings_in(tmp_path, "test").server.port == 9000


def test_there_must_be_such_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="There is no folder"):
        settings_in(tmp_path / "nowhere")
