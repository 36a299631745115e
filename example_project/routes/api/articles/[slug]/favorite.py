from models.article import Favorite
from schemas.articles import ArticleBody, ArticleOut
from services.articles import Articles, FoundArticle
from services.links import Links
from services.people import CurrentUser


async def post(
    user: CurrentUser, article: FoundArticle, links: Links, articles: Articles
) -> ArticleBody[ArticleOut]:
    await links.add(Favorite(article_id=article.id, user_id=user.id))
    return ArticleBody(await articles.shown(article.slug, user))


async def delete(
    user: CurrentUser, article: FoundArticle, links: Links, articles: Articles
) -> ArticleBody[ArticleOut]:
    await links.remove(Favorite, article_id=article.id, user_id=user.id)
    return ArticleBody(await articles.shown(article.slug, user))
