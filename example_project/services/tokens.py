from datetime import UTC, datetime, timedelta

import jwt

from zenith_server import SecretKey, Service, Unauthorized

LIFETIME = timedelta(days=7)
CHALLENGE = {"www-authenticate": "Token"}


class Tokens(Service):
    """Signs and reads the JSON Web Tokens that say who a client is."""

    def __init__(self, key: SecretKey) -> None:
        self.key = key

    def issue(self, user_id: int) -> str:
        claims = {"sub": str(user_id), "exp": datetime.now(UTC) + LIFETIME}
        return jwt.encode(claims, self.key, "HS256")

    def user_id(self, token: str) -> int:
        try:
            claims = jwt.decode(token, self.key, ["HS256"], {"require": ["sub", "exp"]})
            return int(claims["sub"])
        except (jwt.InvalidTokenError, ValueError) as error:
            raise Unauthorized("The token is not valid", CHALLENGE) from error
