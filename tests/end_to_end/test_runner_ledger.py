"""The short forms of what `make soak` does at length."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.end_to_end import faults
from tests.end_to_end.faults import Place
from tests.end_to_end.ledger import Book, judge, open_ledger

ENGINES = ("hypercorn", "granian")


pytestmark = pytest.mark.timeout(150)


@pytest.fixture(params=ENGINES)
def place(request: pytest.FixtureRequest, tmp_path: Path, postgres_url: str) -> Place:
    open_ledger(postgres_url)
    return Place(tmp_path / "project", postgres_url, request.param)


def test_the_judge_sees_every_kind_of_disagreement() -> None:
    book = Book({"a": "200", "b": "200", "c": "EOFError: ", "d": "refused", "e": "200"})
    rows = Counter({"b": 2, "c": 2, "d": 1, "e": 1, "f": 1})
    assert [complaint.split()[0] for complaint in judge(book, rows)] == ["a", "b", "c", "d", "f"]


def test_the_judge_lets_a_failed_request_be_written_or_not() -> None:
    book = Book({"a": "EOFError: ", "b": "503"})
    assert judge(book, Counter({"a": 1})) == []


def test_a_stop_under_load_keeps_every_promise(place: Place) -> None:
    assert faults.stops(place, 1, 300)["answered"] >= 300


def test_idle_connections_do_not_hold_up_a_stop(place: Place) -> None:
    assert faults.silences(place, 1, 300)["longest stop"] < 5


def test_replacements_under_load_keep_every_promise(place: Place) -> None:
    assert faults.replacements(place, 2, 200)["answered"] >= 600


def test_deaths_of_workers_cost_their_own_requests_alone(place: Place) -> None:
    assert faults.deaths(place, 1, 200)["longest replacement"] < 5


def test_a_blocked_loop_costs_its_own_requests_alone(place: Place) -> None:
    assert faults.blocks(place, 1, 200)["longest until named"] < 2


def test_nothing_is_left_of_a_killed_supervisor(place: Place) -> None:
    assert faults.murders(place, 1, 100)["longest"] < 5
