TEXT = {"content-type": "text/plain; charset=utf-8"}


async def get() -> tuple[str, int, dict[str, str]]:
    return "Hello, World!", 200, TEXT
