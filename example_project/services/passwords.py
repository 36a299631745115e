from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from pwdlib import PasswordHash

from zenith_server import Service


class Passwords(Service):
    """Hashes passwords with Argon2, which takes time and memory on purpose: two at once."""

    def __init__(self) -> None:
        self.hasher = PasswordHash.recommended()
        self.limiter = CapacityLimiter(2)

    async def hash(self, password: str) -> str:
        return await run_sync(self.hasher.hash, password, limiter=self.limiter)

    async def is_right(self, password: str, password_hash: str | None) -> bool:
        """Tell whether a password has this hash; without a hash it takes as long to say no."""
        if password_hash is None:
            await self.hash(password)
            return False
        return await run_sync(self.hasher.verify, password, password_hash, limiter=self.limiter)
