"""What no annotation declares is written as it is, without the private columns of models."""

from __future__ import annotations

import datetime as dt
import enum
import json
import uuid
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pydantic
import pytest
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedAsDataclass, Session, mapped_column

from zenith_server.handlers.undeclared import write_anything


class Base(DeclarativeBase): ...


class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    password: Mapped[str] = mapped_column(info={"private": True})


class Other(DeclarativeBase): ...


class Account(MappedAsDataclass, Other):
    __tablename__ = "accounts"
    id: Mapped[int] = mapped_column(primary_key=True)
    password: Mapped[str] = mapped_column(info={"private": True})


class Model(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(alias_generator=lambda name: name.title())

    name: str


class Colour(enum.Enum):
    RED = "red"


def user() -> User:
    return User(id=1, name="ada", password="hidden")


def undeclared(value: Any) -> Any:
    return json.loads(write_anything(value))


@pytest.mark.parametrize("make", [user, lambda: Account(1, "hidden")])
@pytest.mark.parametrize(
    "around",
    [lambda it: it, lambda it: [it], lambda it: {"a": it}, lambda it: ({"a": [it]},)],
)
def test_private_columns_never_leave(make: Any, around: Any) -> None:
    assert "hidden" not in write_anything(around(make())).decode()


def test_columns_that_were_not_loaded_are_left_out() -> None:
    assert undeclared(User(id=1)) == {"id": 1}


def test_a_row_of_a_query_is_an_object() -> None:
    engine = create_engine("sqlite://")
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add(user())
        session.flush()
        rows = session.execute(select(User.id, User.name)).all()
    engine.dispose()
    assert undeclared(list(rows)) == [{"id": 1, "name": "ada"}]


def test_a_model_is_written_with_its_aliases() -> None:
    assert undeclared({"user": Model.model_validate({"Name": "ada"})}) == {"user": {"Name": "ada"}}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("1.10"), "1.10"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (dt.datetime(2026, 1, 31, 12, tzinfo=dt.UTC), "2026-01-31T12:00:00Z"),
        (dt.date(2026, 1, 31), "2026-01-31"),
        (dt.timedelta(seconds=5), "PT5S"),
        (Colour.RED, "red"),
        (b"hi", "aGk="),
        (float("nan"), None),
    ],
)
def test_a_value_has_its_usual_form(value: Any, text: Any) -> None:
    assert undeclared(value) == text


def test_what_cannot_be_written_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(TypeError, match="SimpleNamespace cannot be written as JSON; return a"):
        undeclared(SimpleNamespace())
