"""The clients get the whole address, and the password by a variable alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from zenith_server.database.console import client
from zenith_server.database.url import normalise


@pytest.mark.parametrize(
    ("url", "arguments", "variables"),
    [
        (
            "postgres://ann:p%40ss@db:5433/shop?sslmode=require",
            (),
            {
                "PGHOST": "db",
                "PGPORT": "5433",
                "PGUSER": "ann",
                "PGPASSWORD": "p@ss",
                "PGDATABASE": "shop",
                "PGSSLMODE": "require",
            },
        ),
        (
            "postgresql://ann@a:1,b/shop",
            (),
            {"PGHOST": "a,b", "PGPORT": "1,5432", "PGUSER": "ann", "PGDATABASE": "shop"},
        ),
        (
            "mysql://ann:pw@db:3307/shop",
            ("--host=db", "--port=3307", "--user=ann", "shop"),
            {"MYSQL_PWD": "pw"},
        ),
        (
            "mysql://ann@/shop?unix_socket=/run/my.sock",
            ("--socket=/run/my.sock", "--user=ann", "shop"),
            {},
        ),
        ("sqlite:////tmp/shop.db", ("/tmp/shop.db",), {}),
        ("sqlite://", (":memory:",), {}),
    ],
)
def test_a_client_is_started_with_the_parts_of_the_url(
    url: str, arguments: tuple[str, ...], variables: dict[str, str]
) -> None:
    found = client(normalise(url, root=Path(), origin="test"))
    assert (found.arguments, dict(found.variables)) == (arguments, variables)
    assert "pw" not in repr(found)
