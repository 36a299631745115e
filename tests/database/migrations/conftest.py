"""Revisions and databases for the tests of migrations."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Protocol

import pytest

from zenith_server.database.engines import Database
from zenith_server.database.migrations import Migrations


class Revise(Protocol):
    """The type of the fixture `revise`."""

    def __call__(
        self, number: str, upgrade: str = "pass", downgrade: str = "pass", *, down: str = ""
    ) -> Path:
        """Write a revision; `down` is the number before it unless given."""
        ...


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "migrations"


@pytest.fixture
def revise(folder: Path) -> Revise:
    def revise(
        number: str, upgrade: str = "pass", downgrade: str = "pass", *, down: str = ""
    ) -> Path:
        before = down or f"{int(number) - 1:04}"
        follows = None if before == "0000" else before
        file = folder / f"{number}_step.py"
        folder.mkdir(exist_ok=True)
        file.write_text(
            f'"""Step {number}."""\n\n'
            "import sqlalchemy as sa\nfrom alembic import op\n\n"
            f'revision = "{number}"\ndown_revision = {follows!r}\n\n\n'
            f"def upgrade():\n    {upgrade}\n\n\ndef downgrade():\n    {downgrade}\n"
        )
        return file

    return revise


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path}/shop.db").lifespan() as database:
        yield database


@pytest.fixture(params=["postgresql", "sqlite", "mysql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    urls: dict[str, Callable[[], str]] = {
        "postgresql": lambda: request.getfixturevalue("postgres_url"),
        "mysql": lambda: request.getfixturevalue("mysql_url"),
        "sqlite": lambda: f"sqlite:///{tmp_path}/shop.db",
    }
    async with Database(urls[request.param]()).lifespan() as database:
        yield database


@pytest.fixture
def on_sqlite(sqlite: Database, folder: Path) -> Migrations:
    return Migrations(sqlite, folder)
