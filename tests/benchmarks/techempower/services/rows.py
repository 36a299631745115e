"""PostgreSQL without SQLAlchemy: a pool of asyncpg."""

import os

import asyncpg


class Rows:
    async def initialize(self) -> None:
        self.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=0, max_size=16)

    async def close(self) -> None:
        await self.pool.close()
