"""Errors in the form that the RealWorld specification asks for, for every route below /api."""

from typing import Literal

from sqlalchemy.exc import IntegrityError, NoResultFound

from zenith_server import HTTPException, ValidationError

Answer = tuple[dict[str, dict[str, list[str]]], int, dict[str, str]]


def refused(error: HTTPException) -> Answer:
    return _answer(error.status_code, error.detail, **error.headers)


def invalid(error: ValidationError) -> Answer:
    faults = [(".".join(map(str, fault.location[1:])), fault.message) for fault in error.faults]
    return _answer(422, *(f"{place}: {message}" for place, message in faults))


def missing(_: NoResultFound) -> tuple[dict[str, dict[str, list[str]]], Literal[404]]:
    return _answer(404, "There is nothing of this name")[0], 404


def conflicting(_: IntegrityError) -> Answer:
    return _answer(409, "Somebody else changed this at the same time; try again")


def _answer(status: int, *messages: str, **headers: str) -> Answer:
    return {"errors": {"body": list(messages)}}, status, headers
