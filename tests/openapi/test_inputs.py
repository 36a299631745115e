from __future__ import annotations

import re
from typing import Any

import pytest

from tests.conftest import Server
from tests.openapi.conftest import Describe
from tests.openapi.test_document import EVERY_KIND

NO_NUL = r"^[^\x00]*$"
BINARY = {"type": "string", "format": "binary"}


def parameters(document: Any, path: str, method: str = "get") -> dict[str, Any]:
    found = document["paths"][path][method].get("parameters", [])
    return {f"{each['in']} {each['name']}": each for each in found}


async def test_parameters_have_their_constraints_and_defaults(describe: Describe) -> None:
    found = parameters(await describe(EVERY_KIND), "/things")
    assert found["query limit"] == {
        "name": "limit",
        "in": "query",
        "required": False,
        "description": "At most so many.",
        "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
    }
    assert found["query tags"]["schema"] == {
        "type": "array",
        "items": {"type": "string", "pattern": NO_NUL},
        "default": [],
    }
    assert found["query colour"]["schema"] == {"$ref": "#/components/schemas/Colour"}
    assert found["query q"]["schema"] == {"type": "string", "pattern": NO_NUL}


async def test_headers_and_cookies_are_called_as_they_are_sent(describe: Describe) -> None:
    document = await describe(EVERY_KIND)
    assert "header x-trace" in parameters(document, "/things/{id}")
    cookie = parameters(document, "/files/{path}")["cookie theme"]
    assert cookie["schema"] == {"type": "string", "default": "light"}


async def test_path_parameters_are_required_and_in_the_order_of_the_url(
    describe: Describe,
) -> None:
    document = await describe(
        {
            "routes/[first]/[second].py": """
                import enum

                class Kind(enum.Enum):
                    A = "a"

                async def get(second: int, first: Kind) -> int: ...
                """
        }
    )
    found = parameters(document, "/{first}/{second}")
    assert list(found) == ["path first", "path second"]
    assert all(each["required"] for each in found.values())


async def test_pydantic_describes_its_own_parameters(describe: Describe) -> None:
    document = await describe(
        {
            "routes/index.py": """
                from typing import Annotated
                from pydantic import BaseModel, Field
                from zenith_server import Query

                class Page(BaseModel):
                    size: int = Field(10, le=50, description="How many.")

                async def get(
                    page: Annotated[Page, Query()],
                    word: Annotated[str, Field(max_length=3, description="A word.")] = "a",
                ) -> int: ...
                """
        }
    )
    found = parameters(document, "/")
    assert found["query size"]["description"] == "How many."
    assert found["query size"]["schema"]["maximum"] == 50
    assert found["query word"]["description"] == "A word."
    assert found["query word"]["schema"]["maxLength"] == 3


async def test_pydantic_says_which_texts_are_decimals(describe: Describe) -> None:
    document = await describe(
        {
            "routes/index.py": """
                from decimal import Decimal
                import pydantic

                class Item(pydantic.BaseModel):
                    price: Decimal = pydantic.Field(max_digits=5, decimal_places=2)

                async def post(item: Item) -> Item: ...
                """
        }
    )
    schemas = document["components"]["schemas"]
    number, text = schemas["ItemInput"]["properties"]["price"]["anyOf"]
    assert number["type"] == "number"
    assert re.search(text["pattern"], "123.45")
    assert not re.search(text["pattern"], "1.234")
    assert not re.search(text["pattern"], "x")


async def test_headers_that_the_document_tells_otherwise_are_no_parameters(
    describe: Describe,
) -> None:
    document = await describe(
        {
            "routes/index.py": """
                from typing import Annotated
                from zenith_server import Header

                async def get(accept: Annotated[str, Header] = "*/*") -> int: ...
                """
        }
    )
    assert parameters(document, "/") == {}


async def test_two_readers_of_one_value_are_one_parameter(describe: Describe) -> None:
    document = await describe(
        {
            "routes/index.py": """
                from zenith_server import Depends

                def _page(limit: int = 1) -> int: ...

                async def get(limit: int = 1, page: int = Depends(_page)) -> int: ...
                """
        }
    )
    assert list(parameters(document, "/")) == ["query limit"]


async def test_uploads_are_binary_parts_of_a_form(describe: Describe) -> None:
    methods = (await describe(EVERY_KIND))["paths"]["/uploads"]
    assert methods["post"]["requestBody"] == {
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": BINARY,
                        "note": {"type": "string", "default": "", "pattern": NO_NUL},
                    },
                    "required": ["file"],
                }
            }
        },
        "required": True,
    }
    [media] = methods["put"]["requestBody"]["content"].values()
    assert media["schema"]["properties"]["files"] == {"type": "array", "items": BINARY}


async def test_a_form_without_uploads_may_come_in_either_way(describe: Describe) -> None:
    body = (await describe(EVERY_KIND))["paths"]["/sign-in"]["post"]["requestBody"]
    assert list(body["content"]) == ["application/x-www-form-urlencoded", "multipart/form-data"]
    schema = body["content"]["multipart/form-data"]["schema"]
    assert list(schema["properties"]) == ["x", "y", "lang"]
    assert schema["required"] == ["x"]


async def test_bodies_are_json_or_raw_and_may_have_a_default(describe: Describe) -> None:
    document = await describe(
        {
            "routes/index.py": '''
                from typing import Annotated
                from msgspec import Struct
                from zenith_server import Body

                class Part(Struct):
                    size: int = 1

                async def post(data: Annotated[bytes, Body]) -> None: ...
                async def put(part: Part = Part()) -> None:
                    """Put it.

                    Args:
                        part: what to put.
                    """
                '''
        }
    )
    methods = document["paths"]["/"]
    assert methods["post"]["requestBody"] == {"content": {"*/*": {}}, "required": False}
    assert methods["put"]["requestBody"] == {
        "description": "what to put.",
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Part", "default": {"size": 1}}
            }
        },
        "required": False,
    }


async def test_a_tuple_says_what_stands_in_each_place(describe: Describe) -> None:
    route = "async def get(pair: tuple[int, str], many: tuple[str, ...] = ()) -> int: ..."
    found = parameters(await describe({"routes/index.py": route}), "/")
    text = {"type": "string", "pattern": NO_NUL}
    assert found["query pair"]["schema"]["prefixItems"] == [{"type": "integer"}, text]
    assert found["query many"]["schema"]["items"] == text


async def test_a_choice_of_types_says_what_its_texts_may_be(describe: Describe) -> None:
    found = parameters(
        await describe({"routes/index.py": "async def get(q: int | str = 1) -> int: ..."}), "/"
    )
    text = {"type": "string", "pattern": NO_NUL}
    assert found["query q"]["schema"]["anyOf"] == [{"type": "integer"}, text]


async def test_a_path_parameter_is_required_whatever_stands_in_for_it(describe: Describe) -> None:
    route = "async def get(a: int = 1, b: int | None = None) -> int: ..."
    found = parameters(await describe({"routes/[a]/[b].py": route}), "/{a}/{b}")
    assert [each["required"] for each in found.values()] == [True, True]


async def test_a_body_that_may_be_nothing_may_be_left_out(
    describe: Describe, serve: Server
) -> None:
    files = {
        "routes/index.py": """
            from msgspec import Struct

            class Part(Struct):
                size: int = 1

            async def put(part: Part | None) -> bool:
                return part is None
            """
    }
    body = (await describe(files))["paths"]["/"]["put"]["requestBody"]
    assert body["required"] is False
    assert (await (await serve(files)).request("PUT", "/")).json() is True


PARAMETERS = {
    "msgspec": """
        from typing import Annotated
        from msgspec import Meta, Struct
        from zenith_server import Query

        OLD = Meta(extra_json_schema={"deprecated": True})

        class Page(Struct):
            size: Annotated[int, Meta(examples=[20]), OLD] = 10

        async def get(
            page: Annotated[Page, Query()],
            word: Annotated[str, Meta(examples=["tea"]), OLD] = "a",
        ) -> int: ...
        """,
    "pydantic": """
        from typing import Annotated
        from pydantic import BaseModel, Field
        from zenith_server import Query

        OLD = {"deprecated": True}

        class Page(BaseModel):
            size: int = Field(10, examples=[20], deprecated=True)

        async def get(
            page: Annotated[Page, Query()],
            word: Annotated[str, Field(examples=["tea"], json_schema_extra=OLD)] = "a",
        ) -> int: ...
        """,
}


@pytest.mark.parametrize("library", PARAMETERS)
async def test_parameters_have_examples_and_may_be_deprecated(
    describe: Describe, library: str
) -> None:
    found = parameters(await describe({"routes/index.py": PARAMETERS[library]}), "/")
    assert found["query size"]["schema"]["examples"] == [20]
    assert found["query word"]["schema"]["examples"] == ["tea"]
    assert [each["deprecated"] for each in found.values()] == [True, True]
    assert not any("deprecated" in each["schema"] for each in found.values())
