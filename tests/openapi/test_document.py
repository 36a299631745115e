from __future__ import annotations

from tests.openapi.conftest import Describe

EVERY_KIND = {
    "services/catalogue.py": """
        from zenith_server import Conflict, Service

        class Catalogue(Service):
            async def add(self, name: str) -> None:
                if name == "taken":
                    raise Conflict("That name is taken")
        """,
    "schemas.py": """
        import datetime, enum, uuid
        from dataclasses import dataclass
        from typing import Annotated, Generic, TypedDict, TypeVar
        import pydantic
        from msgspec import Meta, Struct

        T = TypeVar("T")

        class Colour(enum.Enum):
            RED = "red"
            BLUE = "blue"

        class Part(Struct):
            name: Annotated[str, Meta(min_length=1, examples=["wheel"])]
            colour: Colour = Colour.RED

        class Thing(Struct):
            id: uuid.UUID
            made: datetime.datetime
            parts: list[Part]
            parent: "Thing | None" = None

        class Page(Struct, Generic[T]):
            items: list[T]
            total: int

        class Filters(Struct):
            limit: Annotated[int, Meta(ge=1, le=100, description="At most so many.")] = 20
            tags: list[str] = []
            colour: Colour | None = None

        @dataclass
        class Point:
            x: int
            y: int = 0

        class Options(TypedDict, total=False):
            loud: bool

        class Owner(pydantic.BaseModel):
            name: Annotated[str, pydantic.Field(max_length=20)]
            age: int = 0

        class Cat(Struct, tag=True):
            lives: int

        class Dog(Struct, tag=True):
            barks: bool
        """,
    "routes/things/index.py": '''
        """Things that are made of parts."""
        from typing import Annotated
        from zenith_server import Created, Query
        from schemas import Filters, Page, Part, Thing
        from services.catalogue import Catalogue

        async def get(filters: Annotated[Filters, Query()], q: str | None = None) -> Page[Thing]:
            """Search for things.

            The newest come first.

            Args:
                q: words in the name.

            Returns:
                One page of them.
            """

        async def post(part: Part, catalogue: Catalogue) -> Created[Thing]:
            await catalogue.add(part.name)
        ''',
    "routes/things/[id].py": """
        import uuid
        from typing import Annotated, Literal
        from zenith_server import Gone, Header, NotFound, Status
        from schemas import Owner, Thing

        async def get(id: uuid.UUID, x_trace: Annotated[str | None, Header] = None) -> Thing | None:
            raise NotFound("There is no such thing")

        async def put(id: uuid.UUID, owner: Owner) -> tuple[Owner, Literal[200, 201]]: ...
        async def patch(id: uuid.UUID) -> Annotated[Thing, Status(202)]: ...
        async def delete(id: uuid.UUID) -> None: ...
        """,
    "routes/uploads.py": """
        from typing import Annotated
        from zenith_server import Form, UploadFile

        async def post(file: UploadFile, note: Annotated[str, Form] = "") -> dict[str, int]: ...
        async def put(files: Annotated[list[UploadFile], Form]) -> None: ...
        """,
    "routes/sign-in.py": """
        from typing import Annotated
        from zenith_server import Form
        from schemas import Point

        async def post(
            point: Annotated[Point, Form], lang: Annotated[str, Form] = "en"
        ) -> bytes: ...
        """,
    "routes/raw.py": """
        from typing import Annotated, Any
        from zenith_server import Body
        from schemas import Cat, Dog, Options, Point

        async def post(data: Annotated[bytes, Body]) -> Any: ...
        async def put(animal: Cat | Dog) -> list[Point]: ...
        async def patch(options: Options) -> dict[str, Any]: ...
        async def delete(ids: Annotated[list[int], Body]): ...
        """,
    "routes/stream.py": """
        from collections.abc import AsyncIterator, Iterator
        from zenith_server import route, Request
        from starlette.responses import HTMLResponse, RedirectResponse, StreamingResponse
        from schemas import Point

        async def get() -> AsyncIterator[bytes]: yield b""
        @route.get("/text")
        def text() -> Iterator[str]: yield ""
        @route.get("/lines")
        async def lines() -> AsyncIterator[Point]: yield Point(1)
        @route.get("/page")
        async def page(request: Request) -> HTMLResponse: ...
        @route.get("/away")
        async def away() -> RedirectResponse: ...
        @route.get("/any")
        async def anything() -> StreamingResponse: ...
        @route.websocket("/talk")
        async def talk(): ...
        """,
    "routes/files/[...path].py": """
        from typing import Annotated
        from zenith_server import Cookie

        async def get(path: str, theme: Annotated[str, Cookie] = "light") -> bytes: ...
        """,
    "routes/index.py": "async def get(): ...",
    "routes/(admin)/_middleware.py": """
        from typing import Annotated
        from zenith_server import Forbidden, Header, Security

        async def before(key: Annotated[str, Header("x-key"), Security()] = "") -> None:
            raise Forbidden("Only for administrators")
        """,
    "routes/(admin)/stats.py": "async def get() -> dict[str, int]: ...",
}


async def test_a_project_with_every_kind_of_handler_has_a_valid_document(
    describe: Describe,
) -> None:
    document = await describe(EVERY_KIND)
    assert list(document["paths"]) == [
        "/",
        "/files/{path}",
        "/raw",
        "/sign-in",
        "/stats",
        "/stream",
        "/stream/any",
        "/stream/away",
        "/stream/lines",
        "/stream/page",
        "/stream/text",
        "/things",
        "/things/{id}",
        "/uploads",
    ]


async def test_operations_are_called_like_methods_of_a_client(describe: Describe) -> None:
    paths = (await describe(EVERY_KIND))["paths"]
    names = {
        f"{method} {path}": operation["operationId"]
        for path, methods in paths.items()
        for method, operation in methods.items()
    }
    assert names["get /things"] == "list_things"
    assert names["post /things"] == "create_thing"
    assert names["get /things/{id}"] == "get_thing"
    assert names["put /things/{id}"] == "replace_thing"
    assert names["get /stream/lines"] == "lines"
    assert names["get /stats"] == "get_stats"
    assert names["get /"] == "get_root"
    assert len(set(names.values())) == len(names)


async def test_the_document_is_the_same_each_time(describe: Describe) -> None:
    assert await describe(EVERY_KIND) == await describe(EVERY_KIND)


async def test_text_comes_from_docstrings(describe: Describe) -> None:
    document = await describe(EVERY_KIND)
    operation = document["paths"]["/things"]["get"]
    assert operation["summary"] == "Search for things."
    assert operation["description"] == "The newest come first."
    assert operation["responses"]["200"]["description"] == "One page of them."
    assert operation["parameters"][-1]["description"] == "words in the name."
    assert document["paths"]["/things"]["post"]["summary"] == "Create thing"
    tags = {"name": "things", "description": "Things that are made of parts."}
    assert tags in document["tags"]


async def test_tags_are_the_folders(describe: Describe) -> None:
    document = await describe(
        {
            "routes/index.py": "async def get(): ...",
            "routes/api/v1/articles/[slug].py": "async def get(slug: str): ...",
            "routes/(admin)/stats.py": "async def get(): ...",
            "app.py": """
                from zenith_server import Zenith

                app = Zenith()

                @app.get("/declared/{id}")
                async def declared(id: int): ...
                """,
        }
    )
    tags = {path: methods["get"].get("tags") for path, methods in document["paths"].items()}
    assert tags == {
        "/": None,
        "/api/v1/articles/{slug}": ["articles"],
        "/declared/{id}": ["declared"],
        "/stats": ["admin"],
    }


async def test_two_operations_never_share_a_name(describe: Describe) -> None:
    document = await describe(
        {
            "routes/api/v1/users/[id].py": "async def get(id: int): ...",
            "routes/api/v2/users/[id].py": "async def get(id: int): ...",
            "routes/users/[id].py": "async def get(id: int): ...",
            "routes/more.py": """
                from zenith_server import route

                @route.get("/a")
                async def same(): ...

                @route.get("/a-a")
                async def other(): ...
                """,
            "routes/most.py": """
                from zenith_server import route

                @route.get("/b")
                async def same(): ...
                """,
        }
    )
    names = [methods["get"]["operationId"] for methods in document["paths"].values()]
    assert names == [
        "get_user",
        "get_api_v2_users_by_id",
        "same",
        "other",
        "get_most_b",
        "get_users_by_id",
    ]


async def test_bodies_have_examples(describe: Describe) -> None:
    document = await describe(
        {
            "routes/index.py": """
                from typing import Annotated
                import pydantic
                from msgspec import Meta, Struct

                class Part(Struct):
                    name: Annotated[str, Meta(examples=["wheel"])]

                class Owner(pydantic.BaseModel):
                    model_config = {"json_schema_extra": {"examples": [{"name": "Ada"}]}}
                    name: str = pydantic.Field(examples=["Ada"])

                async def post(part: Part) -> Part: ...
                async def put(owner: Owner) -> Owner: ...
                """
        }
    )
    schemas = document["components"]["schemas"]
    assert schemas["Part"]["properties"]["name"]["examples"] == ["wheel"]
    assert schemas["Owner"]["properties"]["name"]["examples"] == ["Ada"]
    assert schemas["Owner"]["examples"] == [{"name": "Ada"}]


async def test_a_deprecated_handler_is_marked_with_the_reason(describe: Describe) -> None:
    document = await describe(
        {
            "routes/index.py": """
                from typing_extensions import deprecated

                @deprecated("Use /v2", category=None)
                async def get() -> int:
                    "Count."
                    return 1
                """
        }
    )
    operation = document["paths"]["/"]["get"]
    assert operation["deprecated"] is True
    assert operation["description"] == "Deprecated: Use /v2"


async def test_hidden_handlers_health_and_sockets_are_left_out(describe: Describe) -> None:
    document = await describe(
        {
            "routes/index.py": """
                from zenith_server import hidden

                @hidden
                async def get(): ...
                async def post(): ...
                async def websocket(): ...
                """,
            "routes/mounted.py": """
                class _Mounted:
                    async def __call__(self, scope, receive, send): ...

                app = _Mounted()
                """,
        }
    )
    assert {path: list(methods) for path, methods in document["paths"].items()} == {"/": ["post"]}


async def test_schemas_that_nothing_refers_to_are_left_out(describe: Describe) -> None:
    components = (await describe(EVERY_KIND))["components"]["schemas"]
    assert "Filters" not in components
    assert "Page_Thing" in components
