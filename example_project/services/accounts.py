from msgspec import UNSET
from msgspec.structs import asdict
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from models.user import User
from schemas.users import Credentials, NewUser, UserChanges, UserOut
from services.passwords import Passwords
from services.tokens import CHALLENGE, Tokens
from zenith_server import Service, Session, Unauthorized, UnprocessableContent


class Accounts(Service):
    """Registration, login, and what users change about themselves."""

    def __init__(self, session: Session, passwords: Passwords, tokens: Tokens) -> None:
        self.session = session
        self.passwords = passwords
        self.tokens = tokens

    async def register(self, new: NewUser) -> UserOut:
        password_hash = await self.passwords.hash(new.password)
        user = User(username=new.username, email=new.email, password_hash=password_hash)
        self.session.add(user)
        await self._store()
        return self.shown(user)

    async def login(self, given: Credentials) -> UserOut:
        user = await self.session.scalar(select(User).where(User.email == given.email))
        known = user.password_hash if user else None
        if not await self.passwords.is_right(given.password, known) or user is None:
            raise Unauthorized("The email or the password is wrong", CHALLENGE)
        return self.shown(user)

    async def update(self, user: User, changes: UserChanges) -> UserOut:
        given = {name: value for name, value in asdict(changes).items() if value is not UNSET}
        if "password" in given:
            given["password_hash"] = await self.passwords.hash(given.pop("password"))
        for name, value in given.items():
            setattr(user, name, value)
        await self._store()
        return self.shown(user)

    def shown(self, user: User) -> UserOut:
        return UserOut(user.email, self.tokens.issue(user.id), user.username, user.bio, user.image)

    async def _store(self) -> None:
        """Let the database decide whether names are free: two requests may ask at once."""
        try:
            await self.session.flush()
        except IntegrityError as error:
            raise UnprocessableContent("The username or email is taken") from error
