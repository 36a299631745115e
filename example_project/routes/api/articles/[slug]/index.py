from schemas.articles import ArticleBody, ArticleChanges, ArticleOut
from services.articles import Articles, OwnArticle
from services.people import Reader
from zenith_server import Session


async def get(slug: str, reader: Reader, articles: Articles) -> ArticleBody[ArticleOut]:
    return ArticleBody(await articles.shown(slug, reader))


async def put(
    given: ArticleBody[ArticleChanges], article: OwnArticle, articles: Articles
) -> ArticleBody[ArticleOut]:
    return ArticleBody(await articles.revise(article, given.article))


async def delete(article: OwnArticle, session: Session) -> None:
    await session.delete(article)
