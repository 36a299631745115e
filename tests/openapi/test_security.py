from __future__ import annotations

from typing import Any

import pytest

from tests.openapi.conftest import Describe

PEOPLE = """
    from typing import Annotated
    from zenith_server import Cookie, Depends, Header, Query, Security

    class User: ...

    def bearer(authorization: Annotated[str, Header] = "") -> User | None: ...
    def needed(user: User | None = Depends(bearer)) -> User: ...
    def token(value: Annotated[str, Header("authorization"), Security("Token")]) -> User: ...
    def basic(value: Annotated[str, Header("authorization"), Security("Basic")]) -> User: ...
    def session(session: Annotated[str, Cookie, Security()]) -> User: ...
    def query(api_key: Annotated[str, Query, Security()]) -> User: ...
    def either(
        authorization: Annotated[str, Header] = "",
        session: Annotated[str, Cookie, Security()] = "",
    ) -> User: ...
    def both(a: User = Depends(token), b: User = Depends(session)) -> User: ...
    """


@pytest.mark.parametrize(
    ("dependency", "security"),
    [
        ("needed", [{"bearer": []}]),
        ("bearer", [{"bearer": []}, {}]),
        ("token", [{"token": []}]),
        ("basic", [{"basic": []}]),
        ("session", [{"session": []}]),
        ("query", [{"api_key": []}]),
        ("either", [{"bearer": []}, {"session": []}]),
        ("both", [{"token": [], "session": []}]),
    ],
)
async def test_dependencies_that_read_credentials_are_requirements(
    describe: Describe, dependency: str, security: Any
) -> None:
    document = await describe(
        {
            "services/people.py": PEOPLE,
            "routes/index.py": f"""
                from services.people import {dependency}
                from zenith_server import Depends

                async def get(user=Depends({dependency})) -> int: ...
                """,
        }
    )
    operation = document["paths"]["/"]["get"]
    assert operation["security"] == security
    assert "parameters" not in operation


async def test_schemes_say_how_credentials_are_sent(describe: Describe) -> None:
    document = await describe(
        {
            "services/people.py": PEOPLE,
            "routes/index.py": """
                from services.people import basic, needed, query, session, token
                from zenith_server import Depends

                async def get(a=Depends(needed), b=Depends(query), c=Depends(session)) -> int: ...
                async def put(a=Depends(token)) -> int: ...
                async def post(a=Depends(basic)) -> int: ...
                """,
        }
    )
    assert document["components"]["securitySchemes"] == {
        "api_key": {"type": "apiKey", "in": "query", "name": "api_key"},
        "basic": {"type": "http", "scheme": "basic"},
        "bearer": {"type": "http", "scheme": "bearer"},
        "session": {"type": "apiKey", "in": "cookie", "name": "session"},
        "token": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": '"Token " and then the credentials.',
        },
    }


async def test_a_guard_asks_for_credentials_though_it_returns_nothing(describe: Describe) -> None:
    document = await describe(
        {
            "routes/_middleware.py": """
                from typing import Annotated
                from zenith_server import Header

                async def before(authorization: Annotated[str, Header] = "") -> None: ...
                """,
            "routes/index.py": "async def get() -> int: ...",
        }
    )
    assert document["paths"]["/"]["get"]["security"] == [{"bearer": []}]


async def test_a_handler_without_credentials_has_no_security(describe: Describe) -> None:
    document = await describe({"routes/index.py": "async def get() -> int: ..."})
    assert "security" not in document["paths"]["/"]["get"]
    assert "components" not in document or "securitySchemes" not in document["components"]
