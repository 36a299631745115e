from typing import Annotated, Generic, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

from models.article import Article
from schemas.fields import Line, TagName, Text, Title, timestamp
from schemas.users import Profile

T = TypeVar("T")


class ArticleBody(Struct, Generic[T]):
    article: T


class NewArticle(Struct, rename="camel"):
    title: Title
    description: Line
    body: Text
    tag_list: Annotated[set[TagName], Meta(max_length=20)] = set()


class ArticleChanges(Struct):
    title: Title | UnsetType = UNSET
    description: Line | UnsetType = UNSET
    body: Text | UnsetType = UNSET


class ArticleOut(Struct, rename="camel"):
    slug: str
    title: str
    description: str
    tag_list: list[str]
    created_at: str
    updated_at: str
    favorited: bool
    favorites_count: int
    author: Profile
    body: str | UnsetType = UNSET  # lists leave it out

    @classmethod
    def of(
        cls, article: Article, favorites: int, favorited: bool, following: bool, **more: str
    ) -> "ArticleOut":
        return cls(
            slug=article.slug,
            title=article.title,
            description=article.description,
            tag_list=sorted(tag.name for tag in article.tags),
            created_at=timestamp(article.created_at),
            updated_at=timestamp(article.updated_at),
            favorited=favorited,
            favorites_count=favorites,
            author=Profile.of(article.author, following),
            **more,
        )


class ArticleList(Struct, rename="camel"):
    articles: list[ArticleOut]
    articles_count: int


class Page(Struct):
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    offset: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0


class Filters(Page):
    tag: str = ""
    author: str = ""
    favorited: str = ""
