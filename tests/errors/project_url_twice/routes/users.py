from zenith_server import route


async def get() -> str:
    return "all"


@route.get("/me")
async def me() -> str:
    return "me"
