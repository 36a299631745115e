async def get() -> list[str]:
    return []
