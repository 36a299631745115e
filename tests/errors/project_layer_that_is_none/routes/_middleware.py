async def check() -> None:
    pass
