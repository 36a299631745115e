import re
from collections.abc import Iterator
from secrets import token_hex
from typing import Annotated

from msgspec import UNSET
from msgspec.structs import asdict
from sqlalchemy import ColumnElement, Select, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import defer

from models.article import Article, Favorite, Tag
from models.user import User, is_followed
from schemas.articles import ArticleChanges, ArticleList, ArticleOut, Filters, NewArticle, Page
from services.people import CurrentUser
from zenith_server import Depends, Forbidden, Service, Session


class Articles(Service):
    """Articles as a reader sees them, and what their authors do with them."""

    def __init__(self, session: Session) -> None:
        self.session = session

    async def shown(self, slug: str, reader: User | None) -> ArticleOut:
        row = (await self.session.execute(_seen_by(reader).filter_by(slug=slug))).one()
        return ArticleOut.of(*row, body=row[0].body)

    async def list(self, filters: Filters, reader: User | None) -> ArticleList:
        return await self._page(filters, reader, *_matching(filters))

    async def feed(self, page: Page, user: User) -> ArticleList:
        return await self._page(page, user, is_followed(Article.author_id, by=user))

    async def publish(self, new: NewArticle, author: User) -> ArticleOut:
        article = Article(
            title=new.title, description=new.description, body=new.body, author=author
        )
        article.tags = [Tag(name=name) for name in new.tag_list]
        await self._store(article)
        return await self.shown(article.slug, author)

    async def revise(self, article: Article, changes: ArticleChanges) -> ArticleOut:
        is_renamed = changes.title not in {UNSET, article.title}
        for name, value in asdict(changes).items():
            if value is not UNSET:
                setattr(article, name, value)
        if is_renamed:
            await self._store(article)
        return await self.shown(article.slug, article.author)

    async def _page(
        self, page: Page, reader: User | None, *where: ColumnElement[bool]
    ) -> ArticleList:
        count = select(func.count()).select_from(Article).where(*where)
        query = _seen_by(reader).where(*where).options(defer(Article.body))
        query = query.order_by(Article.id.desc()).limit(page.limit).offset(page.offset)
        articles = [ArticleOut.of(*row) for row in await self.session.execute(query)]
        return ArticleList(articles, await self.session.scalar(count) or 0)

    async def _store(self, article: Article) -> None:
        """Save under the plain slug of the title, or with a suffix where that one is taken."""
        slug = _slug(article.title)
        try:
            async with self.session.begin_nested():
                article.slug = slug
                self.session.add(article)
        except IntegrityError:
            article.slug = f"{slug}-{token_hex(4)}"
            self.session.add(article)
            await self.session.flush()


async def article(slug: str, session: Session) -> Article:
    """Return the article in the URL."""
    return (await session.scalars(select(Article).filter_by(slug=slug))).one()


FoundArticle = Annotated[Article, Depends(article)]


async def own_article(user: CurrentUser, article: FoundArticle) -> Article:
    if article.author_id != user.id:
        raise Forbidden("This is somebody else's article")
    return article


OwnArticle = Annotated[Article, Depends(own_article)]


def _seen_by(reader: User | None) -> Select[Article, int, bool, bool]:
    """Each article, its favourites, whether the reader likes it and follows its author."""
    reader_id = reader.id if reader else None
    favorites = select(func.count()).where(Favorite.article_id == Article.id).scalar_subquery()
    favorited = exists().where(Favorite.article_id == Article.id, Favorite.user_id == reader_id)
    return select(Article, favorites, favorited, is_followed(Article.author_id, by=reader))


def _matching(filters: Filters) -> Iterator[ColumnElement[bool]]:
    if filters.tag:
        yield Article.tags.any(Tag.name == filters.tag)
    if filters.author:
        yield Article.author.has(User.username == filters.author)
    if filters.favorited:
        favorites = select(Favorite.article_id).join(User, User.id == Favorite.user_id)
        yield Article.id.in_(favorites.where(User.username == filters.favorited))


def _slug(title: str) -> str:
    slug = re.sub(r"\W+", "-", title.casefold()).strip("-")[:200]
    # /articles/feed is a list, and /articles/ nothing.
    return f"article-{slug}".rstrip("-") if slug in {"", "feed"} else slug
