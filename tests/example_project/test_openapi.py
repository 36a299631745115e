"""The example describes itself: the URLs and methods of the RealWorld specification."""

from __future__ import annotations

from tests.example_project.conftest import PROJECT, SECRET_KEY
from tests.served import served

SPECIFIED = {
    "/users": {"post"},
    "/users/login": {"post"},
    "/user": {"get", "put"},
    "/profiles/{username}": {"get"},
    "/profiles/{username}/follow": {"post", "delete"},
    "/articles": {"get", "post"},
    "/articles/feed": {"get"},
    "/articles/{slug}": {"get", "put", "delete"},
    "/articles/{slug}/comments": {"get", "post"},
    "/articles/{slug}/comments/{id}": {"delete"},
    "/articles/{slug}/favorite": {"post", "delete"},
    "/tags": {"get"},
}


async def test_the_routes_are_those_of_the_specification() -> None:
    environ = {"DATABASE_URL": "sqlite:///:memory:", "SECRET_KEY": SECRET_KEY}
    app = await served(PROJECT, "development", environ)
    try:
        paths = (await app.get("/openapi.json")).json()["paths"]
    finally:
        await app.stop()
    found = {
        path: set(methods) & {"get", "post", "put", "delete"} for path, methods in paths.items()
    }
    assert found == {f"/api{path}": methods for path, methods in SPECIFIED.items()}
