from __future__ import annotations

from pathlib import Path

from zenith_server.runner.checkup import blocked
from zenith_server.runner.pulse import Frame

LIBRARY = Frame("/usr/lib/python3/socket.py", 700, "readinto")
OURS = Frame("/shop/routes/report.py", 12, "get")
COMPILED = Frame("<GET /report>", 8, "endpoint")


def test_the_lines_of_the_project_come_first() -> None:
    fault = blocked(70, 1.25, [LIBRARY, OURS, COMPILED], Path("/shop"))
    assert fault.where == (
        "routes/report.py:12 in get",
        "/usr/lib/python3/socket.py:700 in readinto",
    )


def test_a_stack_that_cannot_be_had_is_said_so() -> None:
    assert "not known" in blocked(70, 1.25, [], Path("/shop")).where[0]
