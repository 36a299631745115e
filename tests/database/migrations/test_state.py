"""A database is up to date, behind, ahead, or has no migrations."""

from __future__ import annotations

from pathlib import Path

import pytest

from zenith_server.database.migrations.revisions import Revision
from zenith_server.database.migrations.state import compare


def chain(length: int) -> tuple[Revision, ...]:
    return tuple(
        Revision(
            f"{number:04}",
            (f"{number - 1:04}",) if number > 1 else (),
            Path(f"{number:04}_step.py"),
            "Step",
        )
        for number in range(1, length + 1)
    )


@pytest.mark.parametrize(
    ("length", "current", "state", "summary"),
    [
        (0, (), "no migrations", "no migrations"),
        (0, ("0009",), "no migrations", "no migrations"),
        (2, ("0002",), "up to date", "up to date at 0002_step"),
        (2, ("0001",), "pending", "1 pending: 0002_step"),
        (5, (), "pending", "5 pending: 0001_step, 0002_step, 0003_step, …"),
        (2, ("0009",), "ahead", "database is at 0009, which this code does not know"),
    ],
)
def test_the_state_and_its_line(
    length: int, current: tuple[str, ...], state: str, summary: str
) -> None:
    found = compare(chain(length), current)
    assert (found.state, found.summary) == (state, summary)


def test_a_database_at_what_was_squashed_is_left_behind() -> None:
    squashed = Revision("0003", (), Path("0003_squashed.py"), "Squashed", replaces=("0001", "0002"))
    found = compare((squashed,), ("0002",))
    assert (found.state, found.pending) == ("left behind", ())
    assert found.summary == "database is at 0002, which is now a part of 0003_squashed"


def test_what_is_applied_and_what_is_pending() -> None:
    found = compare(chain(3), ("0002",))
    assert [revision.id for revision in found.applied] == ["0001", "0002"]
    assert [revision.id for revision in found.pending] == ["0003"]


def test_a_database_that_is_ahead_has_nothing_pending() -> None:
    assert compare(chain(3), ("0009",)).pending == ()
