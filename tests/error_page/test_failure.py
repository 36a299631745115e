from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.error_page.failing import SCOPE, failure_of, settings_of, told
from zenith_server.error_page.failure import of_request, of_start
from zenith_server.errors import Fault, ProjectError
from zenith_server.exchange import EXCHANGE, Exchange
from zenith_server.load import import_fault
from zenith_server.manifest import ProjectFile
from zenith_server.names import template
from zenith_server.plan import Origin, Route

BROKEN = "import json\n\n\nasync def get(:\n"


def test_a_failed_request_says_which_and_on_what_it_ran(tmp_path: Path) -> None:
    failure = told(tmp_path, "1 / 0\n")
    assert failure.what == "GET /tea failed"
    assert dict(failure.facts)["environment"] == "development"
    assert failure.asked is not None


def test_where_no_line_of_the_project_ran_its_handler_is_shown(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("async def get() -> int:\n    return 'a'\n")
    route = Route(template("/"), "GET", len, Origin("app.py", 1))
    scope = {**SCOPE, EXCHANGE: Exchange(0.0, endpoint=SimpleNamespace(pattern=route.pattern))}
    failure = of_request(TypeError("a"), scope, [route], settings_of(tmp_path))
    assert [window.line for window in failure.problems[0].windows] == [1]


def test_a_failed_import_shows_its_exception_in_place_of_the_same_words(tmp_path: Path) -> None:
    error = failure_of(tmp_path, {"routes/a.py": BROKEN}, "routes/a.py")
    file = ProjectFile("route", "routes/a.py", "routes.a")
    fault = import_fault(error, file, tmp_path)
    failure = of_start(ProjectError(fault), str(fault), settings_of(tmp_path))
    [problem] = failure.problems
    assert problem.what == "routes/a.py cannot be imported"
    assert problem.raised is not None
    assert (problem.raised.kind, problem.why, problem.windows) == ("SyntaxError", "", ())
    assert (problem.fixes, failure.log) == (("Mend that line.",), str(fault))


def test_a_fault_shows_the_lines_of_its_places(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("a = 1\nb = 2\n")
    fault = Fault("x", ("app.py:2", "app.py", "plugin y"), "Why", ("Fix.",))
    [problem] = of_start(ProjectError(fault), "", settings_of(tmp_path)).problems
    assert [window.text for window in problem.windows] == ["b = 2"]
    assert (problem.places, problem.why) == (("app.py", "plugin y"), "Why")


def test_all_faults_are_problems(tmp_path: Path) -> None:
    faults = [Fault("one"), Fault("two")]
    problems = of_start(ProjectError(*faults), "", settings_of(tmp_path)).problems
    assert [problem.what for problem in problems] == ["one", "two"]


def test_an_exception_of_a_start_is_told_with_its_frames(tmp_path: Path) -> None:
    error = failure_of(tmp_path, {"app.py": "1 / 0\n"})
    [problem] = of_start(error, "", settings_of(tmp_path)).problems
    assert problem.raised is not None
    assert problem.raised.own[0].window.name == "app.py"


def test_where_there_are_only_words_the_first_line_says_what(tmp_path: Path) -> None:
    [problem] = of_start(None, "It took too long:\n  app.py", settings_of(tmp_path)).problems
    assert (problem.what, problem.why) == ("It took too long:", "  app.py")


@pytest.mark.parametrize("part", ["what", "why", "fixes", "where"])
def test_no_part_of_a_fault_shows_a_secret(tmp_path: Path, part: str) -> None:
    text = "see postgresql://me:s3cret@db/x"
    values = {"what": "x"} | {part: text if part in ("what", "why") else (text,)}
    failure = of_start(ProjectError(Fault(**values)), text, settings_of(tmp_path))  # type: ignore[arg-type]
    assert "s3cret" not in repr(failure)
