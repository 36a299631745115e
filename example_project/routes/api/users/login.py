from schemas.users import Credentials, UserBody, UserOut
from services.accounts import Accounts


async def post(given: UserBody[Credentials], accounts: Accounts) -> UserBody[UserOut]:
    return UserBody(await accounts.login(given.user))
