from models.tables import World
from worlds import WorldOut, numbers
from zenith_server import DB


async def get(session=DB.readonly, queries: str = "") -> list[WorldOut]:
    worlds = [await session.get_one(World, number) for number in numbers(queries)]
    return [WorldOut(world.id, world.random_number) for world in worlds]
