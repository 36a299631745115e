async def get(name: str) -> str:
    return name
