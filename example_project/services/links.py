from contextlib import suppress

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from models.base import Base
from zenith_server import Service, Session


class Links(Service):
    """Rows that only say that they are there, such as follows and favourites."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def add(self, row: Base) -> None:
        """Add a row, unless it is there or another request adds it just now."""
        with suppress(IntegrityError):
            async with self.session.begin_nested():
                self.session.add(row)

    async def remove(self, kind: type[Base], **key: int) -> None:
        await self.session.execute(delete(kind).filter_by(**key))
