from services.mail import send


async def post() -> None:
    send()
