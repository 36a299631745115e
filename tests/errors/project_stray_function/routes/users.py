async def get() -> list[str]:
    return load_users()


async def pots() -> None:
    pass


def load_users() -> list[str]:
    return []
