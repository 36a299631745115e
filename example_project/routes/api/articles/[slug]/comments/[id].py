from sqlalchemy import select

from models.comment import Comment
from schemas.fields import Id
from services.articles import FoundArticle
from services.people import CurrentUser
from zenith_server import Forbidden, Session


async def delete(id: Id, user: CurrentUser, article: FoundArticle, session: Session) -> None:
    query = select(Comment).filter_by(id=id, article_id=article.id)
    comment = (await session.scalars(query)).one()
    if comment.author_id != user.id:
        raise Forbidden("This is somebody else's comment")
    await session.delete(comment)
