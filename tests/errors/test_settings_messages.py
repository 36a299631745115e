"""What people read when settings are wrong: each folder is a project and its `message.txt`."""

from __future__ import annotations

from pathlib import Path

import pytest

from zenith_server.environment import Environment, detect
from zenith_server.errors import ProjectError
from zenith_server.settings import read_settings

HERE = Path(__file__).parent


@pytest.mark.parametrize("case", sorted(folder.name for folder in HERE.glob("settings_*/")))
def test_the_message_of(case: str) -> None:
    production = Environment("production", "from --env")
    with pytest.raises(ProjectError) as caught:
        read_settings(HERE / case, environment=production, environ={})
    assert f"{caught.value}\n" == (HERE / case / "message.txt").read_text("utf-8")


def test_the_message_of_an_unknown_environment() -> None:
    environ = {"ENVIRONMENT": "prodction"}
    with pytest.raises(ProjectError) as caught:
        detect(flag=None, environ=environ, dev_command=False, interactive=True, container=None)
    expected = (HERE / "environment_unknown/message.txt").read_text("utf-8")
    assert f"{caught.value}\n" == expected
