"""What is wrong with a project that cannot be served."""

from __future__ import annotations

from pathlib import Path

import pytest

from zenith_server.boot import boot
from zenith_server.environment import Environment, EnvironmentName
from zenith_server.errors import Fault, ProjectError
from zenith_server.settings import read_settings


def faults_of(folder: Path, environment: EnvironmentName = "test") -> tuple[Fault, ...]:
    """Return every fault for which a project is refused."""
    chosen = Environment(environment, "from the test")
    with pytest.raises(ProjectError) as caught:
        boot(read_settings(folder, environment=chosen, environ={}))
    return caught.value.faults


def whats(folder: Path) -> list[str]:
    """Return the first line of every fault for which a project is refused."""
    return [fault.what for fault in faults_of(folder)]
