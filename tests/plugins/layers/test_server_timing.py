"""Server-Timing: the whole and the database's part, and what one line asks too often."""

from __future__ import annotations

import re

import pytest

from tests.conftest import Server

FILES = {
    "routes/one.py": """
        from sqlalchemy import text
        from zenith_server import DB

        async def get(session=DB) -> int:
            return await session.scalar(text("SELECT 1"))
        """,
    "routes/many.py": """
        from sqlalchemy import text
        from zenith_server import DB

        async def get(session=DB) -> None:
            for number in range(6):
                await session.scalar(text("SELECT :n"), {"n": number})
        """,
    "routes/none.py": "async def get() -> int: return 1",
}


async def test_an_answer_says_how_long_it_and_its_statements_took(serve: Server) -> None:
    app = await serve(FILES, "development")
    timing = (await app.get("/one")).header("server-timing")
    assert timing is not None
    assert re.fullmatch(r'app;dur=[\d.]+, db;dur=[\d.]+;desc="2 statements"', timing)
    assert re.fullmatch(r"app;dur=[\d.]+", (await app.get("/none")).header("server-timing") or "")


async def test_a_line_that_asks_row_by_row_is_reported(
    serve: Server, caplog: pytest.LogCaptureFixture
) -> None:
    app = await serve(FILES, "development")
    await app.get("/many")
    assert "GET /many sent one statement 6 times from routes/many.py:6: SELECT ?" in caplog.text


async def test_outside_development_there_is_none(serve: Server) -> None:
    app = await serve(FILES, "test")
    assert (await app.get("/one")).header("server-timing") is None
