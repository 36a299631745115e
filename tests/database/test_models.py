"""Tables are found in whatever style the models are written."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy.orm import registry

from zenith_server.database.models import configure, metadata
from zenith_server.errors import ProjectError

Load = Callable[[str, str], ModuleType]

BASE = """
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
"""


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Load]:
    names: list[str] = []

    def load(name: str, source: str) -> ModuleType:
        file = tmp_path / f"{name}.py"
        file.write_text(source)
        spec = spec_from_file_location(name, file)
        assert spec
        assert spec.loader
        module = sys.modules[name] = module_from_spec(spec)
        names.append(name)
        spec.loader.exec_module(module)
        return module

    yield load
    for name in names:
        for value in vars(sys.modules.pop(name)).values():
            if isinstance(found := getattr(value, "registry", None), registry):
                found.dispose(cascade=True)


@pytest.mark.parametrize(
    "source",
    [
        BASE,
        """
from sqlalchemy import Column, Integer
from sqlalchemy.orm import declarative_base
Base = declarative_base()
class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
""",
        """
from sqlalchemy import Column, Integer, MetaData, Table
users = Table("users", MetaData(), Column("id", Integer))
""",
        """
from sqlalchemy import Column, Integer, MetaData, Table
tables = MetaData()
Table("users", tables, Column("id", Integer))
""",
    ],
    ids=["DeclarativeBase", "declarative_base", "Table", "MetaData"],
)
def test_tables_are_found_in_every_style(load: Load, source: str) -> None:
    assert [list(each.tables) for each in metadata([load("user", source)])] == [["users"]]


def test_modules_that_share_a_base_share_its_tables(load: Load) -> None:
    first = load("user", BASE)
    second = load("tag", "from user import Base")
    assert metadata([first, second]) == (first.Base.metadata,)


def test_the_order_is_that_of_the_modules(load: Load) -> None:
    one = load("one", "from sqlalchemy import MetaData\ntables = MetaData()")
    two = load("two", "from sqlalchemy import MetaData\ntables = MetaData()")
    assert metadata([two, one]) == (two.tables, one.tables)


def test_modules_without_models_have_none(load: Load) -> None:
    assert metadata([load("plain", "class Thing:\n    metadata = 3\nnumber = 1")]) == ()


def test_good_models_are_configured(load: Load) -> None:
    configure([load("user", BASE)])


def test_a_wrong_relationship_is_placed_at_its_class(load: Load, tmp_path: Path) -> None:
    module = load(
        "user",
        BASE
        + """
class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    user: Mapped["Usr"] = relationship()
""",
    )
    with pytest.raises(ProjectError) as caught:
        configure([module])
    assert f"  at {tmp_path}/user.py:12\n" in str(caught.value)
    assert 'Did you mean "User"?' in str(caught.value)


def test_a_relationship_without_a_key_is_placed_too(load: Load, tmp_path: Path) -> None:
    module = load(
        "user",
        BASE
        + """
class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    user: Mapped[User] = relationship()
""",
    )
    with pytest.raises(ProjectError, match="Could not determine join condition") as caught:
        configure([module])
    assert f"  at {tmp_path}/user.py:12\n" in str(caught.value)


def test_two_bases_with_one_table_are_a_fault(load: Load) -> None:
    table = "from sqlalchemy import MetaData, Table\nusers = Table('users', MetaData())"
    with pytest.raises(ProjectError, match='Table "users" is declared by 2 bases'):
        configure([load("one", table), load("two", table)])
