"""Private columns stay private, in whatever a handler wraps its rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    mapped_column,
    registry,
    relationship,
)
from sqlmodel import Field, SQLModel

from zenith_server import Page, private
from zenith_server.handlers.rows import PrivateColumn
from zenith_server.handlers.serialise import json_writer


class Base(DeclarativeBase): ...


class Plain(Base):
    __tablename__ = "plain"
    id: Mapped[int] = mapped_column(primary_key=True)
    secret: Mapped[str] = private()


class OfData(MappedAsDataclass, DeclarativeBase): ...


class Data(OfData):
    __tablename__ = "data"
    id: Mapped[int] = mapped_column(primary_key=True)
    secret: Mapped[str] = private()


@registry().mapped_as_dataclass
class Decorated:
    __tablename__ = "decorated"
    id: Mapped[int] = mapped_column(primary_key=True)
    secret: Mapped[str] = private()


class Sql(SQLModel, table=True):
    id: int = Field(primary_key=True)
    secret: str = Field(sa_column_kwargs={"info": {"private": True}})


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    plain_id: Mapped[int] = mapped_column(ForeignKey("plain.id"))
    plain: Mapped[Plain] = relationship()


class Wrapped(msgspec.Struct, rename="camel", tag=True):
    first_row: Any


@dataclass
class Box:
    row: Any


class Out(msgspec.Struct):
    id: int


class Leak(msgspec.Struct):
    id: int
    secret: str


class NoteOut(msgspec.Struct):
    id: int
    plain: Leak


class PydanticLeak(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    secret: str


KINDS = [Plain, Data, Decorated, Sql]
WRAPPINGS = {
    "alone": lambda row: row,
    "list": lambda row: [row],
    "nested": lambda row: {"a": {"b": [(row,)]}},
    "dataclass": Box,
    "struct": Wrapped,
    "page": lambda row: Page([row], 1, 20, 1),
}


@pytest.mark.parametrize("wrapping", WRAPPINGS)
@pytest.mark.parametrize("kind", KINDS)
def test_undeclared_answers_leave_private_columns_out(kind: Any, wrapping: str) -> None:
    written = json_writer()(WRAPPINGS[wrapping](kind(id=7, secret="hidden")))
    assert b"hidden" not in written
    assert b'"id":7' in written


@pytest.mark.parametrize("kind", KINDS)
def test_so_do_answers_declared_as_the_model(kind: Any) -> None:
    row = kind(id=7, secret="hidden")
    assert json_writer(kind)(row) == b'{"id":7}'
    assert json_writer(list[kind])([row]) == b'[{"id":7}]'


@pytest.mark.parametrize("kind", KINDS)
def test_declared_answers_have_what_they_declare(kind: Any) -> None:
    row = kind(id=7, secret="hidden")
    assert json_writer(Out)(row) == b'{"id":7}'
    assert json_writer(list[Out])([row]) == b'[{"id":7}]'
    assert json_writer(Page[Out])(Page([row], 1, 20, 1)) == (
        b'{"items":[{"id":7}],"number":1,"size":20,"total":1}'
    )


@pytest.mark.parametrize("declared", [Leak, list[Leak], dict[str, Leak], PydanticLeak])
@pytest.mark.parametrize("kind", KINDS)
def test_declaring_a_private_column_is_refused(kind: Any, declared: Any) -> None:
    row = kind(id=7, secret="hidden")
    many = {"list": [row], "dict": {"a": row}}
    value = many.get(getattr(declared, "__origin__", type(None)).__name__, row)
    with pytest.raises(PrivateColumn, match=r"\.secret is private"):
        json_writer(declared)(value)


def test_so_it_is_in_a_related_object() -> None:
    note = Note(id=1, plain=Plain(id=7, secret="hidden"))
    with pytest.raises(PrivateColumn, match="Plain"):
        json_writer(NoteOut)(note)


def test_values_without_rows_are_written_as_they_were() -> None:
    value = Wrapped({"a": [1, {"b": Box(None)}]})
    assert json_writer()(value) == b'{"type":"Wrapped","firstRow":{"a":[1,{"b":{"row":null}}]}}'
    assert json_writer(dict[str, Leak])({"a": Leak(1, "mine")}) == b'{"a":{"id":1,"secret":"mine"}}'
