"""What a client is told has a status, a title and a detail (RFC 9457)."""

from __future__ import annotations

import inspect

import pytest

from zenith_server import problems
from zenith_server.problems import (
    HTTPException,
    InputFault,
    NotFound,
    ValidationError,
    document,
    nothing_at,
    title,
)

NAMED = [
    each
    for each in vars(problems).values()
    if inspect.isclass(each) and issubclass(each, HTTPException) and "status" in vars(each)
]


@pytest.mark.parametrize("kind", NAMED, ids=lambda kind: kind.__name__)
def test_a_named_exception_is_called_after_its_title(kind: type[HTTPException]) -> None:
    error = kind()  # type: ignore[call-arg]
    words = title(error.status_code).replace(" ", "")
    assert kind.__name__ == words
    assert error.detail == title(error.status_code)


def test_a_status_without_a_name_has_a_title_too() -> None:
    assert title(599) == "Status 599"


@pytest.mark.parametrize(
    ("status", "words"),
    [(413, "Content Too Large"), (414, "URI Too Long"), (422, "Unprocessable Content")],
)
def test_titles_are_those_of_rfc_9110_on_every_python(status: int, words: str) -> None:
    assert title(status) == words


def test_a_document_tells_type_title_status_and_detail() -> None:
    assert document(NotFound("No such article")) == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "No such article",
    }


def test_a_document_has_the_id_of_its_request() -> None:
    assert document(NotFound(), "7")["request_id"] == "7"


def test_extensions_are_members_of_the_document() -> None:
    error = HTTPException(403, "No", None, type="https://a.example/no", balance=30)
    assert document(error) | {"type": "https://a.example/no", "balance": 30} == document(error)


@pytest.mark.parametrize(
    ("number", "detail"),
    [(1, "The request has 1 fault; see errors"), (2, "The request has 2 faults; see errors")],
)
def test_faults_are_counted(number: int, detail: str) -> None:
    assert ValidationError([InputFault((), "Wrong")] * number).detail == detail


def test_faults_are_listed_with_their_places() -> None:
    error = ValidationError([InputFault(("body", "tags", 0), "Wrong")])
    assert document(error)["errors"] == [{"location": ["body", "tags", 0], "message": "Wrong"}]


def test_an_exception_reads_as_its_status_and_detail() -> None:
    assert str(nothing_at("/x")) == "404 There is nothing at /x"
