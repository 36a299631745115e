from schemas.users import UserBody, UserChanges, UserOut
from services.accounts import Accounts
from services.people import CurrentUser


async def get(user: CurrentUser, accounts: Accounts) -> UserBody[UserOut]:
    return UserBody(accounts.shown(user))


async def put(
    given: UserBody[UserChanges], user: CurrentUser, accounts: Accounts
) -> UserBody[UserOut]:
    return UserBody(await accounts.update(user, given.user))
