from sqlalchemy import select

from models.tables import Fortune
from pages import Html, page
from zenith_server import DB


async def get(session=DB.readonly) -> Html:
    fortunes = await session.scalars(select(Fortune))
    return page((fortune.id, fortune.message) for fortune in fortunes)
