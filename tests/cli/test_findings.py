from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.commands import HELLO, Command
from tests.projects import write_project
from zenith_server.cli.findings import Findings, find, tell_faults
from zenith_server.errors import ProjectError

MODEL = "from sqlalchemy.orm import DeclarativeBase\nclass Base(DeclarativeBase): ..."


class Find:
    """The type of the fixture `found`."""

    def __call__(self, files: Mapping[str, str], env: str = "test") -> Findings: ...


@pytest.fixture
def found(command: Command, tmp_path: Path) -> object:
    return lambda files, env="test": find(write_project(tmp_path, files), env)


def test_a_whole_project_has_no_faults(found: Find) -> None:
    findings = found(HELLO)
    assert (findings.faults, findings.is_complete) == ((), True)
    assert "/" in [str(route.pattern) for route in findings.plan.routes]


def test_a_broken_file_leaves_the_others(found: Find) -> None:
    findings = found({**HELLO, "routes/broken.py": "1/0"})
    assert not findings.is_complete
    fault = findings.fault_at("routes/broken.py")
    assert fault is not None
    assert fault.what == "routes/broken.py cannot be imported"
    assert findings.fault_at("routes/index.py") is None


def test_a_broken_plugin_leaves_the_built_in_ones(found: Find) -> None:
    findings = found({**HELLO, "plugins/broken.py": "1/0"})
    assert [fault.what for fault in findings.faults] == ["plugins/broken.py cannot be imported"]
    assert "routes" in [plugin.name for plugin in findings.plugins]


def test_handlers_are_looked_at_too(found: Find) -> None:
    findings = found({"routes/index.py": "async def get(other: object): return 1"})
    assert [fault.where for fault in findings.faults] == [("routes/index.py:1",)]


def test_a_missing_database_hides_nothing(found: Find, capsys: pytest.CaptureFixture[str]) -> None:
    findings = found({**HELLO, "models/base.py": MODEL}, "production")
    assert findings.is_complete
    assert tell_faults(findings) == 0
    assert "It would not start: No database is configured" in capsys.readouterr().err


def test_without_files_there_is_nothing_to_find(found: Find) -> None:
    with pytest.raises(ProjectError, match="nothing to serve"):
        found({"notes.txt": ""})
