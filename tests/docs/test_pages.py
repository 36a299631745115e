"""Every page with a project in it is run: its files are written, its commands typed."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.processes import Process, environment

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TYPED = ("curl ", "printf ", "python -m pytest")
FILE = re.compile(r"# ([\w./()\[\]-]+\.\w+)\n")


@dataclass(frozen=True)
class Step:
    command: str
    expected: str


def blocks(page: Path) -> Iterator[tuple[str, str]]:
    yield from BLOCK.findall(page.read_text())


def files(page: Path) -> dict[str, str]:
    """The code blocks that begin with a file's name; a later one replaces an earlier one."""
    kinds = {"python", "yaml", "text", "ini"}
    named = [(FILE.match(text), text) for kind, text in blocks(page) if kind in kinds]
    # A comment is part of a file only where it is one.
    return {
        match[1]: text if match[1].endswith((".py", ".yaml")) else text[match.end() :]
        for match, text in named
        if match
    }


def steps(page: Path) -> list[Step]:
    """What is typed at a `$`, with the lines printed below it."""
    typed: list[Step] = []
    for kind, text in blocks(page):
        for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:] if kind == "console" else []:
            command, _, expected = part.partition("\n")
            typed.append(Step(command, expected.strip()))
    return [step for step in typed if step.command.startswith(TYPED)]


def pages() -> list[str]:
    found = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [str(page.relative_to(ROOT)) for page in found if files(page) and steps(page)]


def matches(printed: str, expected: str) -> bool:
    """Whether they are the same, where `…` stands for anything."""
    pattern = ".*".join(re.escape(part) for part in expected.split("…"))
    return re.fullmatch(pattern, printed.strip(), re.DOTALL) is not None


def _quiet(command: str) -> str:
    return command.replace("curl", "curl -s", 1)


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.timeout(150)
@pytest.mark.parametrize("page", pages())
def test_a_page_does_what_it_says(
    page: str, project: Callable[..., Path], zenith: Callable[..., Process]
) -> None:
    folder = project(files(ROOT / page))
    server = zenith(folder, "--env", "development", "--no-reload")
    address = urlsplit(server.url).netloc
    for step in steps(ROOT / page):
        command = step.command.replace("localhost:8000", address)
        is_python = command.startswith("python ")
        printed = subprocess.run(
            ["bash", "-c", f"{sys.executable}{command[6:]}" if is_python else _quiet(command)],
            cwd=folder if is_python else folder.parent,
            env=environment({}),
            capture_output=True,
            text=True,
            timeout=100,
            check=True,
        ).stdout
        assert matches(printed, step.expected), f"{page}: $ {step.command}\n{printed}"
