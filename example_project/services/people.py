"""Who is asking, and whom they ask about: handlers take `CurrentUser`, `Reader` or `Person`."""

from typing import Annotated

from sqlalchemy import select

from models.user import User
from services.tokens import CHALLENGE, Tokens
from zenith_server import Depends, Header, Security, Session, Unauthorized


async def reader(
    tokens: Tokens, session: Session, authorization: Annotated[str, Header, Security("Token")] = ""
) -> User | None:
    """Return the user named by `Authorization: Token …`, or nobody without that header."""
    if not authorization:
        return None
    scheme, _, token = authorization.partition(" ")
    user = await session.get(User, tokens.user_id(token)) if scheme == "Token" else None
    if user is None:
        raise Unauthorized("Send the token of a user: Authorization: Token …", CHALLENGE)
    return user


Reader = Annotated[User | None, Depends(reader)]


async def current_user(user: Reader) -> User:
    if user is None:
        raise Unauthorized("Log in first", CHALLENGE)
    return user


CurrentUser = Annotated[User, Depends(current_user)]


async def person(username: str, session: Session) -> User:
    """Return the user in the URL."""
    return (await session.scalars(select(User).filter_by(username=username))).one()


Person = Annotated[User, Depends(person)]
