from services.mail import Mail


async def get(mail: Mail) -> str:
    return "users"
