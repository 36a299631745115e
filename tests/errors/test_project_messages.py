"""What people read when a project cannot be served: each folder is one, with its `message.txt`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.refusals import faults_of
from zenith_server.errors import ProjectError

HERE = Path(__file__).parent


@pytest.mark.parametrize("case", sorted(folder.name for folder in HERE.glob("project_*/")))
def test_the_message_of(case: str) -> None:
    text = str(ProjectError(*faults_of(HERE / case))).replace(str(HERE / case), "PROJECT")
    assert f"{text}\n" == (HERE / case / "message.txt").read_text("utf-8")
