"""The line that asks is found through SQLAlchemy's greenlets."""

from __future__ import annotations

from sqlalchemy.util import greenlet_spawn

from zenith_server.database.asking import asking


def test_a_call_is_found() -> None:
    assert asking().endswith("test_asking.py:11")


async def test_a_call_inside_a_greenlet_is_found() -> None:
    assert await greenlet_spawn(asking) == asking()[:-1] + "5"
