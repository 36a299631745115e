from models.tables import World
from worlds import WorldOut, number, numbers
from zenith_server import DB


async def get(session=DB, queries: str = "") -> list[WorldOut]:
    worlds = [await session.get_one(World, each) for each in numbers(queries)]
    for world in worlds:
        world.random_number = number()
    return [WorldOut(world.id, world.random_number) for world in worlds]
