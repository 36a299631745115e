from __future__ import annotations

from typing import Any

from tests.conftest import Server
from tests.openapi.conftest import Describe


async def test_types_of_one_name_get_names_of_their_own(describe: Describe) -> None:
    document = await describe(
        {
            "first.py": "import msgspec\nclass Thing(msgspec.Struct): a: int",
            "second.py": "import msgspec\nclass Thing(msgspec.Struct): b: int",
            "third.py": "import pydantic\nclass Thing(pydantic.BaseModel): c: int",
            "fourth.py": "import pydantic\nclass second_Thing(pydantic.BaseModel): d: int",
            "routes/index.py": """
                import first, second, third, fourth

                async def get() -> first.Thing: ...
                async def put() -> second.Thing: ...
                async def post() -> third.Thing: ...
                async def patch() -> list[fourth.second_Thing]: ...
                """,
        }
    )
    schemas = document["components"]["schemas"]
    fields = {name: list(schema["properties"]) for name, schema in schemas.items()}
    assert fields == {
        "Thing": ["c"],
        "first.Thing": ["a"],
        "second.Thing": ["b"],
        "second_Thing": ["d"],
    }


async def test_generic_types_of_one_name_are_told_apart(describe: Describe) -> None:
    document = await describe(
        {
            "pages.py": """
                from typing import Generic, TypeVar
                from msgspec import Struct

                T = TypeVar("T")
                class Page(Struct, Generic[T]): items: list[T]
                """,
            "first.py": "import msgspec\nclass Thing(msgspec.Struct): a: int",
            "second.py": "import msgspec\nclass Thing(msgspec.Struct): b: int",
            "routes/index.py": """
                import first, second
                from msgspec import Struct
                from pages import Page

                class Both(Struct):
                    first: Page[first.Thing]
                    second: Page[second.Thing]

                async def get() -> Page[first.Thing]: ...
                async def put() -> Page[second.Thing]: ...
                async def post() -> list[first.Thing]: ...
                async def delete() -> Both: ...
                """,
        }
    )
    methods, schemas = document["paths"]["/"], document["components"]["schemas"]
    things = {
        method: schemas[_reference(methods[method]).rpartition("/")[2]]["properties"]["items"]
        for method in ("get", "put")
    }
    fields = {
        method: list(schemas[each["items"]["$ref"].rpartition("/")[2]]["properties"])
        for method, each in things.items()
    }
    assert fields == {"get": ["a"], "put": ["b"]}
    assert list(schemas) == ["Page_Thing", "Page_Thing_2", "Thing", "Thing_2"]
    assert _schema(methods["delete"]) == {}


async def test_a_struct_and_a_model_of_one_name_are_two(describe: Describe) -> None:
    document = await describe(
        {
            "first.py": "import msgspec\nclass Thing(msgspec.Struct): a: int",
            "second.py": "import pydantic\nclass Thing(pydantic.BaseModel): b: int",
            "routes/index.py": """
                import first, second

                async def get() -> first.Thing: ...
                async def put() -> second.Thing: ...
                """,
        }
    )
    methods = document["paths"]["/"]
    assert _reference(methods["get"]) == "#/components/schemas/Thing"
    assert _reference(methods["put"]) == "#/components/schemas/Thing_2"
    assert list(document["components"]["schemas"]["Thing_2"]["properties"]) == ["b"]


async def test_a_model_that_looks_different_coming_and_going_is_two(describe: Describe) -> None:
    document = await describe(
        {
            "routes/index.py": """
                import pydantic

                class Box(pydantic.BaseModel):
                    side: int

                    @pydantic.computed_field
                    @property
                    def volume(self) -> int:
                        return self.side ** 3

                async def post(box: Box) -> Box: ...
                """
        }
    )
    schemas = document["components"]["schemas"]
    assert list(schemas["BoxInput"]["properties"]) == ["side"]
    assert list(schemas["BoxOutput"]["properties"]) == ["side", "volume"]


async def test_rows_are_described_by_what_is_written_of_them(describe: Describe) -> None:
    document = await describe(
        {
            "models/user.py": '''
                from datetime import datetime
                from sqlalchemy import types
                from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

                class Base(DeclarativeBase): ...

                class Place(types.UserDefinedType): ...

                class Shape(types.UserDefinedType):
                    @property
                    def python_type(self):
                        raise NotImplementedError

                class User(Base):
                    """Somebody who logs in."""
                    __tablename__ = "users"
                    id: Mapped[int] = mapped_column(primary_key=True, doc="A number.")
                    name: Mapped[str | None]
                    made: Mapped[datetime]
                    place = mapped_column(Place(), nullable=False)
                    shape = mapped_column(Shape(), nullable=False)
                    essay: Mapped[str] = mapped_column(deferred=True)
                    secret: Mapped[str] = mapped_column(info={"private": True})
                ''',
            "routes/index.py": """
                from typing import Annotated
                from models.user import User

                async def get() -> list[User]: ...
                async def put() -> User | None: ...
                async def post() -> dict[str, User | int]: ...
                async def patch() -> Annotated[User, "whatever"]: ...
                """,
        }
    )
    schemas = document["components"]["schemas"]
    assert list(schemas) == ["User"]
    user = schemas["User"]
    assert user["description"] == "Somebody who logs in."
    assert user["properties"] == {
        "essay": {"type": "string"},
        "id": {"type": "integer", "description": "A number."},
        "name": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "made": {"type": "string", "format": "date-time"},
        "place": {},
        "shape": {},
    }
    assert sorted(user["required"]) == ["id", "made", "name", "place", "shape"]
    responses = document["paths"]["/"]["put"]["responses"]
    assert list(responses) == ["200", "204"]


async def test_bodies_take_no_other_fields_where_those_are_refused(describe: Describe) -> None:
    files = {
        "routes/index.py": """
            import pydantic
            from msgspec import Struct

            class Part(Struct):
                size: int

            class Whole(Struct):
                part: Part | None
                parts: list[Part]
                others: dict[str, int]

            class Model(pydantic.BaseModel):
                part: int

            class Open(pydantic.BaseModel, extra="allow"):
                part: int

            class Cat(Struct, tag=True): lives: int
            class Dog(Struct, tag=True): barks: bool

            async def post(whole: Whole) -> Whole: ...
            async def put(model: Model) -> Model: ...
            async def patch(model: Open) -> Open: ...
            async def delete(animal: Cat | Dog) -> Dog: ...
            """
    }
    schemas = (await describe(files))["components"]["schemas"]
    closed = {name for name, each in schemas.items() if each.get("additionalProperties") is False}
    assert closed == {"Part", "Whole", "Model", "Cat", "Dog"}
    files["zenith.yaml"] = "requests: {unknown_fields: ignore}"
    schemas = (await describe(files))["components"]["schemas"]
    assert not [each for each in schemas.values() if each.get("additionalProperties") is False]


async def test_no_text_of_a_body_holds_a_nul(describe: Describe) -> None:
    document = await describe(
        {
            "routes/index.py": """
                from typing import Annotated
                from msgspec import Meta, Struct

                class Node(Struct):
                    name: str
                    code: Annotated[str, Meta(pattern="^a$")]
                    tags: list[str] | None
                    more: dict[str, str]
                    pair: tuple[str, int]
                    next: "Node | None" = None

                class Answer(Struct):
                    text: str

                async def post(node: Node) -> Answer: ...
                """
        }
    )
    schemas = document["components"]["schemas"]
    text = {"type": "string", "pattern": r"^[^\x00]*$"}
    node = schemas["Node"]["properties"]
    assert node["name"] == node["more"]["additionalProperties"] == text
    assert node["pair"]["prefixItems"][0] == text
    assert {"type": "array", "items": text} in node["tags"]["anyOf"]
    assert node["code"]["pattern"] == "^a$"
    assert schemas["Answer"]["properties"]["text"] == {"type": "string"}


async def test_the_document_and_the_reading_agree_on_unknown_fields(
    describe: Describe, serve: Server
) -> None:
    files = {
        "routes/[kind].py": """
            import pydantic
            from msgspec import Struct
            from zenith_server import route

            class Cat(Struct, tag=True): lives: int
            class Dog(Struct, tag=True): barks: bool
            class Red(pydantic.BaseModel): red: int
            class Blue(pydantic.BaseModel): blue: int
            class Nested(Struct): cats: dict[str, Cat] = {}

            async def put(kind: str, animal: Cat | Dog) -> None: ...
            async def post(kind: str, colour: Red | Blue) -> None: ...
            async def patch(kind: str, nested: Nested) -> None: ...
            """
    }
    document = await describe(files)
    app = await serve(files)
    schemas = document["components"]["schemas"]
    for method, body, name in (
        ("PUT", {"type": "Cat", "lives": 9, "extra": 1}, "Cat"),
        ("POST", {"red": 1, "extra": 1}, "Red"),
        ("PATCH", {"extra": 1}, "Nested"),
        ("PATCH", {"cats": {"a": {"type": "Cat", "lives": 9, "extra": 1}}}, "Cat"),
    ):
        answer = await app.request(method, "/a", json=body)
        closed = schemas[name].get("additionalProperties") is False
        assert (answer.status == 422) is closed, (method, answer.status, name)


async def test_times_have_a_format_wherever_they_stand(describe: Describe) -> None:
    document = await describe(
        {
            "routes/index.py": """
                from datetime import date, datetime
                from typing import Annotated
                from msgspec import Meta, Struct

                class Cat(Struct, tag=True): born: datetime
                class Dog(Struct, tag=True): born: datetime
                class Log(Struct):
                    at: datetime
                    note: str
                    day: date
                    aware: Annotated[datetime, Meta(tz=True)]
                    times: list[datetime]
                    by_name: dict[str, datetime]
                    maybe: datetime | None
                    animal: Cat | Dog | int | None
                    next: "Log | None" = None

                async def get(since: datetime | None = None) -> list[Log]: ...
                """
        }
    )
    schemas = document["components"]["schemas"]
    time = {"type": "string", "format": "date-time"}
    log = schemas["Log"]["properties"]
    assert (log["at"], log["aware"], log["note"]) == (time, time, {"type": "string"})
    assert log["day"]["format"] == "date"
    assert (log["times"]["items"], log["by_name"]["additionalProperties"]) == (time, time)
    assert time in log["maybe"]["anyOf"]
    assert schemas["Cat"]["properties"]["born"] == schemas["Dog"]["properties"]["born"] == time
    [parameter] = document["paths"]["/"]["get"]["parameters"]
    assert parameter["schema"] == time


async def test_patterns_end_as_json_schema_writes_it(describe: Describe) -> None:
    document = await describe(
        {
            "routes/index.py": r"""
                from typing import Annotated
                from msgspec import Meta

                async def get(q: Annotated[str, Meta(pattern=r"\Aa\\Z+\Z")]) -> int: ...
                """
        }
    )
    [parameter] = document["paths"]["/"]["get"]["parameters"]
    assert parameter["schema"]["pattern"] == r"^a\\Z+$"


async def test_what_msgspec_cannot_know_may_be_anything(describe: Describe) -> None:
    document = await describe(
        {
            "routes/index.py": """
                from collections.abc import Iterable

                class Foreign: ...

                async def get() -> list[int] | tuple[str, ...]: ...
                async def put() -> Foreign: ...
                async def post() -> Iterable[int]: ...
                """
        }
    )
    methods = document["paths"]["/"]
    assert _schema(methods["get"]) == {}
    assert _schema(methods["put"]) == {"title": "Foreign"}
    assert _schema(methods["post"]) == {"title": "Iterable"}


def _schema(operation: Any) -> Any:
    return operation["responses"]["200"]["content"]["application/json"].get("schema", {})


def _reference(operation: Any) -> Any:
    return _schema(operation)["$ref"]


async def test_a_set_in_a_body_may_name_an_item_twice_as_the_reading_lets_it(
    serve: Server,
) -> None:
    route = """
        from typing import Annotated
        from zenith_server import Body

        async def post(tags: Annotated[set[str], Body()]) -> set[str]:
            return tags
        """
    app = await serve({"routes/index.py": route})
    answer = await app.post("/", json=["a", "a"])
    assert answer.json() == ["a"], answer.body
    post = (await app.get("/openapi.json")).json()["paths"]["/"]["post"]
    assert "uniqueItems" not in post["requestBody"]["content"]["application/json"]["schema"]
    assert post["responses"]["200"]["content"]["application/json"]["schema"]["uniqueItems"]
