from msgspec import Struct
from sqlalchemy import func, select

from models.article import Tag
from zenith_server import Session


class Tags(Struct):
    tags: list[str]


async def get(session: Session) -> Tags:
    """The tags in use, the most popular first."""
    query = select(Tag.name).group_by(Tag.name).order_by(func.count().desc(), Tag.name).limit(50)
    return Tags(list(await session.scalars(query)))
