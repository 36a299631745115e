from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base, Dated, belongs_to
from models.user import User


class Comment(Dated, Base):
    __tablename__ = "comments"

    id: Mapped[int] = mapped_column(primary_key=True)
    body: Mapped[str]
    article_id: Mapped[int] = belongs_to("articles", index=True)
    author_id: Mapped[int] = belongs_to("users", index=True)

    author: Mapped[User] = relationship(lazy="joined", innerjoin=True)
