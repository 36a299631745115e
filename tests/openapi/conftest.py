from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.conftest import Server

Describe = Callable[[Mapping[str, str]], Awaitable[Any]]


@pytest.fixture
def describe(serve: Server) -> Describe:
    """Return a function that serves a project and returns its document, which is valid."""

    async def described(files: Mapping[str, str]) -> Any:
        app = await serve(files)
        answer = await app.get("/openapi.json")
        assert answer.status == 200
        document = answer.json()
        OpenAPIV31SpecValidator(document).validate()
        return document

    return described
