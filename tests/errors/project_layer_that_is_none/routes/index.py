async def get() -> str:
    return "hello"
