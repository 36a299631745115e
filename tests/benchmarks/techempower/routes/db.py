from models.tables import World
from worlds import WorldOut, number
from zenith_server import DB


async def get(session=DB.readonly) -> WorldOut:
    world = await session.get_one(World, number())
    return WorldOut(world.id, world.random_number)
