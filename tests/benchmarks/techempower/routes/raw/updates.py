from services.rows import Rows
from worlds import WorldOut, number, numbers


async def get(rows: Rows, queries: str = "") -> list[WorldOut]:
    async with rows.pool.acquire() as connection:
        one = await connection.prepare("SELECT id, randomnumber FROM world WHERE id = $1")
        worlds = [WorldOut(*await one.fetchrow(each)) for each in numbers(queries)]
        for world in worlds:
            world.random_number = number()
        # In one order everywhere, so that requests never wait for each other in a circle.
        changes = sorted((world.id, world.random_number) for world in worlds)
        await connection.executemany("UPDATE world SET randomnumber = $2 WHERE id = $1", changes)
    return worlds
