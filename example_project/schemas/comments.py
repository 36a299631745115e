from typing import Generic, TypeVar

from msgspec import Struct

from models.comment import Comment
from schemas.fields import Text, timestamp
from schemas.users import Profile

T = TypeVar("T")


class CommentBody(Struct, Generic[T]):
    comment: T


class NewComment(Struct):
    body: Text


class CommentOut(Struct, rename="camel"):
    id: int
    created_at: str
    updated_at: str
    body: str
    author: Profile

    @classmethod
    def of(cls, comment: Comment, following: bool) -> "CommentOut":
        created, updated = timestamp(comment.created_at), timestamp(comment.updated_at)
        return cls(
            comment.id, created, updated, comment.body, Profile.of(comment.author, following)
        )


class CommentList(Struct):
    comments: list[CommentOut]
