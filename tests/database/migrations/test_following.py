from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.database.migrations.conftest import Revise
from zenith_server.database.engines import Database
from zenith_server.database.migrations import Migrations, following


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(following, "INTERVAL", 0.15)
    caplog.set_level(logging.INFO, "zenith_server.migrations")


async def test_a_long_run_tells_where_it_is(
    postgres_url: str, folder: Path, revise: Revise, caplog: pytest.LogCaptureFixture
) -> None:
    revise("0001")
    revise("0002", 'op.execute("SELECT pg_sleep(1.1)")')
    async with Database(postgres_url).lifespan() as database:
        await Migrations(database, folder).upgrade()
    told = caplog.messages
    assert told[:3] == [
        "Applying 0001_step (1 of 2)",
        "Applying 0002_step (2 of 2)",
        "0002_step goes on for 0 s (2 of 2)",
    ]
    assert told[-1] == "0002_step was done in 1.1 s"


async def test_what_is_undone_is_told_so(
    sqlite: Database, folder: Path, revise: Revise, caplog: pytest.LogCaptureFixture
) -> None:
    revise("0001")
    migrations = Migrations(sqlite, folder)
    await migrations.upgrade()
    await migrations.downgrade("base")
    assert caplog.messages[-1] == "Undoing 0001_step (1 of 1)"
