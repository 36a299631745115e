"""What the server fixtures promise."""

from __future__ import annotations

from collections.abc import Callable

import asyncpg
import pytest

from tests.servers import (
    PostgresServer,
    ServerMissing,
    fetch_value,
    postgres_programs,
    private_postgres,
)


async def test_each_database_is_empty_and_has_a_name_of_its_own(
    new_postgres_url: Callable[[], str],
) -> None:
    question = "SELECT count(*) FROM pg_stat_user_tables"
    first, second = new_postgres_url(), new_postgres_url()
    assert first != second
    assert await fetch_value(first, question) == await fetch_value(second, question) == 0


async def test_a_database_is_dropped_although_somebody_is_still_connected(
    postgres_server: PostgresServer,
) -> None:
    with postgres_server.database() as url:
        connection = await asyncpg.connect(url)
    assert connection.is_closed() or not await connection.close(timeout=1)
    with pytest.raises(asyncpg.InvalidCatalogNameError):
        await fetch_value(url, "SELECT 1")


def test_a_private_postgres_makes_databases() -> None:
    try:
        postgres_programs()
    except ServerMissing as fault:
        pytest.skip(str(fault))
    with private_postgres() as url, PostgresServer(url).database() as database:
        assert database.startswith("postgresql://postgres:")
