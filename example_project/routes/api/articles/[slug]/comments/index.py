from sqlalchemy import select

from models.comment import Comment
from models.user import is_followed
from schemas.comments import CommentBody, CommentList, CommentOut, NewComment
from services.articles import FoundArticle
from services.people import CurrentUser, Reader
from zenith_server import Session


async def get(article: FoundArticle, reader: Reader, session: Session) -> CommentList:
    seen = select(Comment, is_followed(Comment.author_id, by=reader))
    query = seen.where(Comment.article_id == article.id).order_by(Comment.id.desc())
    return CommentList([CommentOut.of(*row) for row in await session.execute(query)])


async def post(
    given: CommentBody[NewComment], user: CurrentUser, article: FoundArticle, session: Session
) -> CommentBody[CommentOut]:
    comment = Comment(body=given.comment.body, article_id=article.id, author=user)
    session.add(comment)
    await session.flush()
    return CommentBody(CommentOut.of(comment, following=False))
