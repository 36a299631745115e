from models.user import Follow
from schemas.users import Profile, ProfileBody
from services.people import Person, Reader
from zenith_server import Session


async def get(person: Person, reader: Reader, session: Session) -> ProfileBody:
    follow = await session.get(Follow, (reader.id, person.id)) if reader else None
    return ProfileBody(Profile.of(person, following=follow is not None))
