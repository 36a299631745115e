"""The example describes itself: the URLs and methods of the RealWorld specification."""

from __future__ import annotations

from typing import Any

from openapi_spec_validator import OpenAPIV31SpecValidator

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


async def described() -> Any:
    environ = {"DATABASE_URL": "sqlite:///:memory:", "SECRET_KEY": SECRET_KEY}
    app = await served(PROJECT, "development", environ)
    try:
        return (await app.get("/openapi.json")).json()
    finally:
        await app.stop()


async def test_the_document_is_valid() -> None:
    OpenAPIV31SpecValidator(await described()).validate()


async def test_what_is_not_there_is_a_404_where_something_is_looked_for() -> None:
    paths = (await described())["paths"]
    looked_for = {
        f"{method} {path}"
        for path, methods in paths.items()
        for method, operation in methods.items()
        if "404" in operation["responses"]
    }
    assert "get /api/articles/{slug}" in looked_for
    assert "get /api/profiles/{username}" in looked_for
    assert "get /api/tags" not in looked_for
    assert "get /api/user" not in looked_for
    assert "post /api/users/login" not in looked_for


async def test_the_routes_are_those_of_the_specification() -> None:
    paths = (await described())["paths"]
    found = {
        path: set(methods) & {"get", "post", "put", "delete"} for path, methods in paths.items()
    }
    assert found == {f"/api{path}": methods for path, methods in SPECIFIED.items()}
