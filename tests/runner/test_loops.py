from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.runner.program import settings_from
from zenith_server.errors import ProjectError
from zenith_server.runner import loops


@pytest.mark.parametrize(
    ("engine", "loop", "is_installed", "chosen"),
    [
        ("granian", "auto", True, "uvloop"),
        ("granian", "auto", False, "asyncio"),
        ("hypercorn", "auto", True, "asyncio"),
        ("granian", "asyncio", True, "asyncio"),
        ("hypercorn", "uvloop", True, "uvloop"),
    ],
)
def test_the_loop_follows_the_settings(
    engine: str, loop: str, is_installed: bool, chosen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loops, "find_spec", lambda _name: is_installed or None)
    assert loops.choose(settings_from(Path(), {"engine": engine, "loop": loop})) == chosen


def test_what_is_made_is_what_was_chosen() -> None:
    loop = loops.maker("asyncio")()
    assert type(loop).__module__.startswith("asyncio")
    loop.close()
    pytest.importorskip("uvloop")
    loop = loops.maker("uvloop")()
    assert type(loop).__module__ == "uvloop"
    loop.close()


def test_one_that_is_not_installed_is_a_fault_that_says_how(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with pytest.raises(ProjectError, match="pip install 'zenith-server"):
        loops.maker("uvloop")
