from pages import Html, page
from services.rows import Rows


async def get(rows: Rows) -> Html:
    return page(await rows.pool.fetch("SELECT id, message FROM fortune"))
