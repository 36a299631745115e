from models.user import Follow
from schemas.users import Profile, ProfileBody
from services.links import Links
from services.people import CurrentUser, Person


async def post(user: CurrentUser, person: Person, links: Links) -> ProfileBody:
    await links.add(Follow(follower_id=user.id, followed_id=person.id))
    return ProfileBody(Profile.of(person, following=True))


async def delete(user: CurrentUser, person: Person, links: Links) -> ProfileBody:
    await links.remove(Follow, follower_id=user.id, followed_id=person.id)
    return ProfileBody(Profile.of(person, following=False))
