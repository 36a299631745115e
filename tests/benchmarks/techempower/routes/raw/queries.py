from services.rows import Rows
from worlds import WorldOut, numbers


async def get(rows: Rows, queries: str = "") -> list[WorldOut]:
    async with rows.pool.acquire() as connection:
        one = await connection.prepare("SELECT id, randomnumber FROM world WHERE id = $1")
        return [WorldOut(*await one.fetchrow(number)) for number in numbers(queries)]
