"""Settings, manifest and plugins in; the plan out."""

from __future__ import annotations

from pathlib import Path

import pytest

from zenith_server.compile import compile_plan, draft_of
from zenith_server.draft import Draft
from zenith_server.environment import Environment
from zenith_server.errors import Fault, ProjectError
from zenith_server.manifest import Manifest
from zenith_server.plugin import Plugin
from zenith_server.settings import Settings, read_settings


class First(Plugin):
    name = "first"

    def setup(self, draft: Draft) -> None:
        draft.fact("first", lambda: "yes")


class Second(Plugin):
    name = "second"

    def setup(self, draft: Draft) -> None:
        draft.route("GET", "/", lambda: None)
        raise ProjectError(Fault("second is wrong"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings(tmp_path, environment=Environment("test", "here"), environ={})


def test_plugins_write_the_plan_in_turn(settings: Settings, tmp_path: Path) -> None:
    plan = compile_plan(settings, Manifest(tmp_path), [First(), First()])
    assert [fact.label for fact in plan.facts] == ["first", "first"]


def test_a_plugin_that_fails_does_not_keep_others_from_being_heard(
    settings: Settings, tmp_path: Path
) -> None:
    manifest = Manifest(tmp_path, faults=(Fault("the scan is wrong"),))
    draft = draft_of(settings, manifest, [Second(), First()])
    assert [fault.what for fault in draft.faults] == ["the scan is wrong", "second is wrong"]
    assert len(draft.facts) == 1


def test_a_part_says_which_plugin_made_it(settings: Settings, tmp_path: Path) -> None:
    draft = draft_of(settings, Manifest(tmp_path), [First(), Second()])
    assert str(draft.routes[0].origin) == "plugin second"


def test_what_is_wrong_is_raised_at_the_end(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match="second is wrong"):
        compile_plan(settings, Manifest(tmp_path), [First(), Second()])
