"""Exceptions with real frames, raised by the files of tiny projects."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.projects import write_project
from zenith_server.environment import Environment
from zenith_server.error_page.failure import Failure, of_request
from zenith_server.error_page.raised import Raised, Reader
from zenith_server.error_page.veil import Veil
from zenith_server.error_page.windows import Sources
from zenith_server.settings import Settings, read_settings

SECRET = "correct-horse"
SCOPE = {"type": "http", "method": "GET", "path": "/tea", "headers": [], "query_string": b""}


def failure_of(folder: Path, files: Mapping[str, str], run: str = "app.py") -> BaseException:
    """Write the files and return what running one of them raises."""
    write_project(folder, files)
    with pytest.raises(BaseException) as raised:  # noqa: PT011
        exec(compile((folder / run).read_text(), str(folder / run), "exec"), {})
    # Only what the project has run is to be told, not this test.
    assert raised.value.__traceback__ is not None
    return raised.value.with_traceback(raised.value.__traceback__.tb_next)


def read(folder: Path, text: str) -> Raised:
    """Return what is told of the exception that a file `app.py` raises."""
    error = failure_of(folder, {"app.py": text})
    return Reader(Sources(folder, Veil([SECRET])), Veil([SECRET])).read(error)


def settings_of(folder: Path, **environ: str) -> Settings:
    """Return the settings of a project in development."""
    folder.mkdir(exist_ok=True)
    environment = Environment("development", "from the test")
    return read_settings(folder, environment=environment, environ=environ)


def told(folder: Path, text: str, **environ: str) -> Failure:
    """Return the failure of a request whose handler is a file `app.py`."""
    error = failure_of(folder, {"app.py": text})
    return of_request(error, SCOPE, [], settings_of(folder, **environ))
