from schemas.users import NewUser, UserBody, UserOut
from services.accounts import Accounts
from zenith_server import Created


async def post(given: UserBody[NewUser], accounts: Accounts) -> Created[UserBody[UserOut]]:
    return UserBody(await accounts.register(given.user))
