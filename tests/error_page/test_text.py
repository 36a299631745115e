from __future__ import annotations

from pathlib import Path

from tests.error_page.failing import settings_of, told
from zenith_server.error_page.failure import of_start
from zenith_server.error_page.text import written
from zenith_server.errors import Fault, ProjectError


def test_the_lines_of_the_project_stand_before_those_of_libraries(tmp_path: Path) -> None:
    text = written(told(tmp_path, "import json\n\njson.loads('{')\n"))
    lines = text.splitlines()
    assert lines[0] == "GET /tea failed"
    assert lines[2].startswith("json.decoder.JSONDecodeError: Expecting property name")
    assert lines[3:5] == ["  app.py:3", "    json.loads('{')"]
    assert lines[5] == "  in libraries:"
    assert lines[6].startswith("  json/decoder.py:")


def test_what_it_came_of_stands_below_it(tmp_path: Path) -> None:
    text = "try:\n    {}['a']\nexcept KeyError as e:\n    raise OSError('b') from e\n"
    assert written(told(tmp_path, text)).splitlines()[5:9] == [
        "",
        "caused by:",
        "KeyError: 'a'",
        "  app.py:2",
    ]


def test_a_fault_without_an_exception_is_told_in_its_four_parts(tmp_path: Path) -> None:
    fault = Fault("It is wrong", ("app.py:1", "plugin x"), "It must not.", ("Mend it.",))
    (tmp_path / "app.py").write_text("x = 1\n")
    failure = of_start(ProjectError(fault), "", settings_of(tmp_path))
    assert written(failure).splitlines() == [
        "The project does not start",
        "",
        "It is wrong",
        "  at app.py:1",
        "  at plugin x",
        "",
        "It must not.",
        "",
        "To fix it:",
        "  * Mend it.",
    ]
