from __future__ import annotations

from pathlib import Path

import pytest

from tests.runner.program import settings_from
from zenith_server.runner import engines


@pytest.mark.parametrize(
    ("environment", "engine", "chosen"),
    [
        ("development", "auto", "hypercorn"),
        ("test", "auto", "hypercorn"),
        ("staging", "auto", "granian"),
        ("production", "auto", "granian"),
        ("production", "hypercorn", "hypercorn"),
        ("development", "granian", "granian"),
    ],
)
def test_the_engine_follows_the_settings(environment: str, engine: str, chosen: str) -> None:
    settings = settings_from(Path(), {"environment": environment, "engine": engine})
    assert engines.choose(settings) == chosen


def test_auto_is_hypercorn_where_granian_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def not_installed(_name: str) -> None:
        return None

    monkeypatch.setattr(engines, "find_spec", not_installed)
    assert engines.choose(settings_from(Path(), {"engine": "auto"})) == "hypercorn"
