"""The command line, run in this process."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pytest

from tests.processes import OURS, OURS_TOO
from tests.projects import write_project
from zenith_server.cli import command_line

HELLO = {"routes/index.py": "async def get(): return {'hello': 'world'}"}


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def lines(self) -> list[list[str]]:
        """The words of each printed line."""
        return [line.split() for line in self.out.splitlines()]


class Command(Protocol):
    """The type of the fixture `command`."""

    def __call__(self, *words: str | Path, files: Mapping[str, str] | None = None) -> Ran:
        """Run `zenith-server` with these words in a folder with these files."""
        ...


@contextmanager
def commands(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Command]:
    """Give a function that runs commands in a folder, and undo afterwards what they did here."""
    before = dict(os.environ)
    for name in before:
        if name.startswith(OURS) or name in OURS_TOO:
            monkeypatch.delenv(name)
    monkeypatch.setenv("ZENITH_ENV", "test")
    monkeypatch.chdir(folder)
    path, finders = list(sys.path), list(sys.meta_path)

    def run(*words: str | Path, files: Mapping[str, str] | None = None) -> Ran:
        write_project(folder, files or {})
        capsys.readouterr()
        code = command_line([str(word) for word in words])
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    yield run
    os.environ.clear()
    os.environ.update(before)
    sys.path[:], sys.meta_path[:] = path, finders
    forget(folder)


def forget(folder: Path) -> None:
    """Drop the modules of a project, so that the next test's are its own."""
    for name, module in list(sys.modules.items()):
        places = [getattr(module, "__file__", None), *getattr(module, "__path__", ())]
        if any(place and Path(place).is_relative_to(folder) for place in places):
            del sys.modules[name]
