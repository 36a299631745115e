"""Plugins write on a draft; what contradicts itself is found when it is frozen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.projects import write_project
from tests.refusals import faults_of
from zenith_server.draft import Draft
from zenith_server.environment import Environment
from zenith_server.errors import Fault, ProjectError
from zenith_server.manifest import Manifest, ProjectFile
from zenith_server.plan import Origin
from zenith_server.settings import read_settings

Project = Callable[[Mapping[str, str]], Path]


def handler(**_: Any) -> None: ...


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    settings = read_settings(tmp_path, environment=Environment("test", "here"), environ={})
    return Draft(settings, Manifest(tmp_path), plugin="mine")


def conflicts(draft: Draft) -> list[str]:
    return [fault.what for fault in draft.all_faults()]


def test_everything_added_is_in_the_plan_with_its_origin(draft: Draft) -> None:
    draft.route("GET", "/a/{id}", handler)
    draft.layer("layer", lambda app: app)
    draft.hook("hook", headers=[(b"a", b"b")])
    draft.service(dict)
    draft.on_error("a.B", handler)
    draft.provide("a.C", make=lambda: handler)
    plan = draft.freeze()
    assert [str(route.pattern) for route in plan.routes] == ["/a/{id}"]
    parts = (*plan.routes, *plan.layers, *plan.hooks, *plan.services, *plan.errors, *plan.providers)
    assert {str(part.origin) for part in parts} == {"plugin mine"}
    assert len(parts) == 6


def test_the_origin_of_a_function_of_the_project_is_its_line(draft: Draft) -> None:
    code = compile("\n\ndef get(): ...", str(draft.manifest.root / "routes/a.py"), "exec")
    found: dict[str, Any] = {}
    exec(code, found)
    assert draft.origin(found["get"]) == Origin("routes/a.py", 3)


@pytest.mark.parametrize("call", [None, handler, len, object()])
def test_the_origin_of_anything_else_is_the_plugin(draft: Draft, call: Any) -> None:
    assert str(draft.origin(call)) == "plugin mine"


def test_one_method_of_one_url_twice_is_a_conflict(draft: Draft) -> None:
    for pattern in ("/a/{id}", "/a/{name}", "/b"):
        draft.route("GET", pattern, handler)
    draft.route("POST", "/b", handler)
    assert conflicts(draft) == [
        "GET /a/{name} is defined twice",
        "/a/{id} and /a/{name} name the same segment differently",
    ]


@pytest.mark.parametrize(
    "pair", [("/a/{x}/b", "/a/{y}/c"), ("/{x}", "/{y}/a"), ("/{x}/a", "/{y}/b")]
)
def test_siblings_with_two_names_are_a_conflict(draft: Draft, pair: tuple[str, str]) -> None:
    for pattern in pair:
        draft.route("GET", pattern, handler)
    assert conflicts(draft) == [f"{pair[0]} and {pair[1]} name the same segment differently"]


@pytest.mark.parametrize(
    "pair", [("/a/{x}", "/b/{y}"), ("/{x}", "/{y:path}"), ("/{x}/{y}", "/{x}/b/{z}")]
)
def test_parameters_of_other_places_are_none(draft: Draft, pair: tuple[str, str]) -> None:
    for pattern in pair:
        draft.route("GET", pattern, handler)
    assert conflicts(draft) == []


def test_freezing_raises_everything_once(draft: Draft) -> None:
    draft.faults.extend([Fault("noted"), Fault("noted")])
    draft.route("GET", "/", handler)
    draft.route("GET", "/", handler)
    with pytest.raises(ProjectError) as caught:
        draft.freeze()
    assert [fault.what for fault in caught.value.faults] == ["noted", "GET / is defined twice"]


def test_a_line_that_breaks_many_files_is_told_once(tmp_path: Path) -> None:
    files = {
        "routes/_shared.py": "raise LookupError",
        "routes/a.py": "import routes._shared",
        "routes/b.py": "import routes._shared",
        "routes/c.py": "raise LookupError",
    }
    root = write_project(tmp_path, files)
    (first, second) = faults_of(root)
    assert first.where == ("routes/_shared.py:1", "routes/a.py", "routes/b.py")
    assert second.where == ("routes/c.py:1",)


def test_a_value_that_an_earlier_plugin_provides_can_be_had(draft: Draft) -> None:
    draft.provide("a.B", make=lambda: lambda: 7, per="app")
    draft.provide("a.C", make=lambda: lambda: 8)
    assert draft.shared("a.B") == 7
    with pytest.raises(LookupError, match=r"No plugin before mine provides a\.C"):
        draft.shared("a.C")


def test_a_file_that_is_no_python_can_be_read(draft: Draft) -> None:
    (draft.manifest.root / "note.txt").write_text("schön", encoding="utf-8")
    assert draft.read(ProjectFile("note", "note.txt", "note.txt")) == "schön"
