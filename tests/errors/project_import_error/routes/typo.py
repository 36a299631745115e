async def get(:
    pass
