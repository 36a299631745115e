from typing import Annotated

from schemas.articles import ArticleList, Page
from services.articles import Articles
from services.people import CurrentUser
from zenith_server import Query


async def get(page: Annotated[Page, Query], user: CurrentUser, articles: Articles) -> ArticleList:
    return await articles.feed(page, user)
