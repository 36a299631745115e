"""A project's settings, from files written inline."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest

from tests.projects import write_project
from zenith_server.environment import Environment, EnvironmentName
from zenith_server.errors import Fault, ProjectError
from zenith_server.settings import Settings, read_settings


class Reader(Protocol):
    """The type of the fixture `read`."""

    def __call__(
        self,
        files: Mapping[str, str] | None = None,
        environment: EnvironmentName = "development",
        environ: Mapping[str, str] | None = None,
        options: Mapping[str, object] | None = None,
        container: str | None = None,
    ) -> Settings:
        """Read the settings of a project with these files."""
        ...


class FaultFinder(Protocol):
    """The type of the fixture `faults`."""

    def __call__(
        self,
        files: Mapping[str, str] | None = None,
        environment: EnvironmentName = "development",
        environ: Mapping[str, str] | None = None,
        options: Mapping[str, object] | None = None,
    ) -> tuple[Fault, ...]:
        """Return what is wrong with the settings of a project with these files."""
        ...


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    def read_project(
        files: Mapping[str, str] | None = None,
        environment: EnvironmentName = "development",
        environ: Mapping[str, str] | None = None,
        options: Mapping[str, object] | None = None,
        container: str | None = None,
    ) -> Settings:
        root = write_project(tmp_path / "project", files or {})
        chosen = Environment(environment, "from --env", container)
        return read_settings(root, environment=chosen, environ=environ or {}, options=options)

    return read_project


@pytest.fixture
def faults(read: Reader) -> FaultFinder:
    def find_faults(
        files: Mapping[str, str] | None = None,
        environment: EnvironmentName = "development",
        environ: Mapping[str, str] | None = None,
        options: Mapping[str, object] | None = None,
    ) -> tuple[Fault, ...]:
        with pytest.raises(ProjectError) as caught:
            read(files, environment, environ, options)
        return caught.value.faults

    return find_faults
