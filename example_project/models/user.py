from sqlalchemy import ColumnElement, String, exists
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from models.base import Base, belongs_to


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    bio: Mapped[str] = mapped_column(default="")
    image: Mapped[str] = mapped_column(default="")


class Follow(Base):
    __tablename__ = "follows"

    follower_id: Mapped[int] = belongs_to("users", primary_key=True)
    followed_id: Mapped[int] = belongs_to("users", primary_key=True, index=True)


def is_followed(id: InstrumentedAttribute[int], by: User | None) -> ColumnElement[bool]:
    """Whether a reader follows the user with the id in that column."""
    reader_id = by.id if by else None
    return exists().where(Follow.follower_id == reader_id, Follow.followed_id == id)
