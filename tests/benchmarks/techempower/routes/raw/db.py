from services.rows import Rows
from worlds import WorldOut, number


async def get(rows: Rows) -> WorldOut:
    query = "SELECT id, randomnumber FROM world WHERE id = $1"
    return WorldOut(*await rows.pool.fetchrow(query, number()))
