from models.pots import Post


async def get() -> Post:
    return Post()
