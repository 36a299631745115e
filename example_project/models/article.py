from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, Dated, belongs_to
from models.user import User


class Article(Dated, Base):
    __tablename__ = "articles"

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(255), unique=True)
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str]
    body: Mapped[str]
    author_id: Mapped[int] = belongs_to("users", index=True)

    author: Mapped[User] = relationship(lazy="joined", innerjoin=True)
    tags: Mapped[list["Tag"]] = relationship(lazy="selectin", cascade="all, delete-orphan")


class Tag(Base):
    __tablename__ = "tags"

    article_id: Mapped[int] = belongs_to("articles", primary_key=True)
    name: Mapped[str] = mapped_column(String(50), primary_key=True, index=True)


class Favorite(Base):
    __tablename__ = "favorites"

    article_id: Mapped[int] = belongs_to("articles", primary_key=True)
    user_id: Mapped[int] = belongs_to("users", primary_key=True, index=True)
