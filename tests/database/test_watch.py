"""What a request asks is counted, with the lines that ask."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from zenith_server.database import watch
from zenith_server.database.engines import Database, PoolOptions
from zenith_server.database.watch import Watch, watched


async def test_statements_are_counted_with_their_line(caplog: pytest.LogCaptureFixture) -> None:
    async with Database("sqlite://", PoolOptions(watched=True)).lifespan() as database:
        seen = Watch("GET /articles")
        watched.set(seen)
        async with database.session() as session:
            for number in range(5):
                await session.execute(text("SELECT :n"), {"n": number})
            await session.execute(text("SELECT 2"))
    watched.set(None)
    assert seen.count == 6 + 1  # and BEGIN
    assert seen.seconds > 0
    seen.report()
    assert "GET /articles sent one statement 5 times from " in caplog.text
    assert "test_watch.py:19: SELECT ?" in caplog.text
    assert "SELECT 2" not in caplog.text


async def test_a_slow_statement_is_told_whoever_asks(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "SLOW", 0.0)
    database = Database("sqlite://", PoolOptions(watched=True))
    async with database.lifespan(), database.session() as session:
        await session.execute(text("SELECT 1 AS a" + ", 1 AS b" * 30))
    assert "A statement took 0.00 s, from " in caplog.text
    assert "test_watch.py:" in caplog.text
    assert "…" in caplog.text
