async def get(name) -> None:
    pass
