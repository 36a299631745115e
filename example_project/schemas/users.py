from typing import Generic, TypeVar

from msgspec import UNSET, Struct, UnsetType

from models.user import User
from schemas.fields import Email, Line, Password, Username

T = TypeVar("T")


class UserBody(Struct, Generic[T]):
    user: T


class NewUser(Struct):
    username: Username
    email: Email
    password: Password


class Credentials(Struct):
    email: Email
    password: Password


class UserChanges(Struct):
    username: Username | UnsetType = UNSET
    email: Email | UnsetType = UNSET
    password: Password | UnsetType = UNSET
    bio: Line | UnsetType = UNSET
    image: Line | UnsetType = UNSET


class UserOut(Struct):
    email: str
    token: str
    username: str
    bio: str
    image: str


class Profile(Struct):
    username: str
    bio: str
    image: str
    following: bool

    @classmethod
    def of(cls, user: User, following: bool) -> "Profile":
        return cls(user.username, user.bio, user.image, following)


class ProfileBody(Struct):
    profile: Profile
