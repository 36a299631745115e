from typing import Annotated

from schemas.articles import ArticleBody, ArticleList, ArticleOut, Filters, NewArticle
from services.articles import Articles
from services.people import CurrentUser, Reader
from zenith_server import Created, Query


async def get(
    filters: Annotated[Filters, Query], reader: Reader, articles: Articles
) -> ArticleList:
    return await articles.list(filters, reader)


async def post(
    given: ArticleBody[NewArticle], user: CurrentUser, articles: Articles
) -> Created[ArticleBody[ArticleOut]]:
    return ArticleBody(await articles.publish(given.article, user))
