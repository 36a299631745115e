"""A project with every kind of input, and requests that no server should take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

PROJECT = {
    "models/item.py": """
        from decimal import Decimal
        from sqlalchemy import BigInteger, Integer
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

        class Base(DeclarativeBase): ...

        class Item(Base):
            __tablename__ = "items"
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str]
            stock: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"))
            price: Mapped[Decimal]
        """,
    "services/tables.py": """
        from models.item import Base
        from zenith_server import Database

        class Tables:
            def __init__(self, database: Database):
                self.database = database

            async def initialize(self):
                async with self.database.engine().begin() as connection:
                    await connection.run_sync(Base.metadata.create_all)
        """,
    "routes/items/index.py": """
        from decimal import Decimal
        from models.item import Item
        from msgspec import Struct
        from sqlalchemy import func, select
        from zenith_server import DB, Created

        class New(Struct):
            name: str
            stock: int = 0
            price: Decimal = Decimal(0)

        async def get(session=DB) -> int:
            return await session.scalar(select(func.count(Item.id)))

        async def post(new: New, session=DB) -> Created[New]:
            session.add(Item(name=new.name, stock=new.stock, price=new.price))
            return new
        """,
    "routes/items/[id].py": """
        from models.item import Item
        from sqlalchemy import select
        from zenith_server import DB, NotFound

        async def get(id: int, session=DB):
            found = await session.get(Item, id)
            if found is None:
                raise NotFound("No such item")
            return found

        async def put(id: int, name: str, session=DB) -> int:
            found = await session.scalars(select(Item).where(Item.id == id, Item.name == name))
            if not found.all():
                raise NotFound("No such item")
            return 1
        """,
    "routes/files/[...path].py": """
        from pathlib import Path
        from zenith_server import NotFound

        async def get(path: str):
            file = Path(__file__).parent / path
            if not file.is_file():
                raise NotFound("No such file")
            return file.read_text()
        """,
    "routes/search.py": """
        import datetime
        import uuid
        from decimal import Decimal
        from enum import Enum
        from typing import Annotated, Literal
        from msgspec import Meta
        from zenith_server import Cookie, Header

        class Colour(Enum):
            RED = "red"

        async def get(
            q: str = "",
            limit: Annotated[int, Meta(ge=1, le=100)] = 10,
            tags: list[int] = [],
            since: datetime.datetime | None = None,
            day: datetime.date | None = None,
            age: datetime.timedelta | None = None,
            price: Decimal | None = None,
            ratio: float = 0,
            colour: Colour | None = None,
            sort: Literal["a", "b"] = "a",
            id: uuid.UUID | None = None,
            exact: bool = False,
            x_limit: Annotated[int, Header()] = 1,
            authorization: Annotated[str, Header()] = "",
            visits: Annotated[int, Cookie()] = 0,
        ):
            return locals()
        """,
    "routes/model.py": """
        import datetime
        from decimal import Decimal
        from pydantic import BaseModel, Field

        class Part(BaseModel):
            name: str

        class Model(BaseModel):
            name: str = Field(max_length=20)
            price: float = 0
            exact: Decimal = Decimal(0)
            day: datetime.date | None = None
            number: int = 0
            parts: list[Part] = []

        async def post(model: Model) -> Model:
            return model
        """,
    "routes/form.py": """
        from typing import Annotated
        from msgspec import Struct
        from zenith_server import Form, UploadFile

        class Login(Struct):
            name: str
            age: int = 0

        async def post(login: Annotated[Login, Form()]) -> Login:
            return login

        async def put(file: UploadFile, note: Annotated[str, Form()] = "") -> int:
            return len(await file.read())
        """,
    "routes/anything.py": """
        from typing import Any

        async def post(it: dict[str, Any]) -> dict[str, Any]:
            return it
        """,
    "routes/tree.py": """
        from __future__ import annotations

        from msgspec import Struct

        class Tree(Struct):
            below: Tree | None = None

        async def post(tree: Tree) -> Tree:
            return tree
        """,
}

MIB = 2**20
JSON = [("Content-Type", "application/json")]
FORM = [("Content-Type", "application/x-www-form-urlencoded")]
PARTS = [("Content-Type", "multipart/form-data; boundary=b")]


@dataclass(frozen=True, slots=True)
class Bad:
    """A request, and the status of the problem document that it gets."""

    name: str
    status: int
    url: str = "/items"
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    method: str = "GET"


def cases() -> tuple[Bad, ...]:
    return (*_bodies(), *_texts(), *_paths(), *_forms())


def _bodies() -> Iterator[Bad]:
    item = b'{"name": "a", "stock": %s}'
    bodies: dict[str, tuple[int, bytes]] = {
        "an empty body": (422, b""),
        "half a body": (400, b'{"name": "a"'),
        "more than a body": (400, b'{"name": "a"} {}'),
        "single quotes": (400, b"{'name': 'a'}"),
        "lists a hundred thousand deep": (400, b"[" * 100_000),
        "objects a hundred thousand deep": (400, b'{"x":' * 100_000),
        "an unknown field a hundred thousand deep": (
            400,
            b'{"name": "a", "x": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        ),
        "an integer of five thousand digits": (422, item % (b"9" * 5000)),
        "an unknown integer of five thousand digits": (
            400,
            b'{"name": "a", "x": ' + b"9" * 5000 + b"}",
        ),
        "an integer beyond 64 bits": (422, item % b"99999999999999999999"),
        "not a number": (400, item % b"NaN"),
        "an infinite number": (400, item % b"Infinity"),
        "a number beyond floats": (422, item % b"1e999"),
        "an infinite decimal": (422, b'{"name": "a", "price": "Infinity"}'),
        "bytes that are no UTF-8": (400, b'{"name": "\xff"}'),
        "a name that is no UTF-8": (400, b'{"name": "a", "\xff": 1}'),
        "half a character": (400, b'{"name": "\\ud800"}'),
        "UTF-16": (400, '{"name": "a"}'.encode("utf-16")),
        "a byte order mark": (400, b'\xef\xbb\xbf{"name": "a"}'),
        "a NUL": (422, b'{"name": "a\\u0000b"}'),
        "a raw NUL": (400, b'{"name": "a\x00b"}'),
        "a missing field": (422, b"{}"),
        "an extra field": (422, b'{"name": "a", "id": 1}'),
        "a wrong type": (422, b'{"name": 1}'),
        "another shape": (422, b"[]"),
        "nothing": (422, b"null"),
        "more than the limit": (413, b'{"name": "' + b"a" * MIB + b'"}'),
        "twenty mebibytes": (413, b'{"name": "' + b"a" * 20 * MIB + b'"}'),
    }
    for name, (status, body) in bodies.items():
        yield Bad(f"struct: {name}", status, "/items", tuple(JSON), body, "POST")
    for name in ("not a number", "a number beyond floats", "an infinite number"):
        body = bodies[name][1].replace(b"stock", b"price")
        yield Bad(f"model: {name}", 400, "/model", tuple(JSON), body, "POST")
    for url in ("/model", "/anything"):
        for name in ("half a body", "lists a hundred thousand deep", "bytes that are no UTF-8"):
            yield Bad(f"{url}: {name}", 400, url, tuple(JSON), bodies[name][1], "POST")
        yield Bad(f"{url}: a NUL", 422, url, tuple(JSON), bodies["a NUL"][1], "POST")
        yield Bad(f"{url}: another shape", 422, url, tuple(JSON), b"[]", "POST")
    for depth in (201, 500, 900):
        tree = b'{"below":' * depth + b"null" + b"}" * depth
        yield Bad(f"a tree {depth} deep", 400, "/tree", tuple(JSON), tree, "POST")
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/xml", "json"):
        headers = (("Content-Type", kind),)
        yield Bad(f"body of type {kind}", 415, "/items", headers, b'{"name": "a"}', "POST")
    yield Bad("body of no type", 415, "/items", (), b'{"name": "a"}', "POST")
    twice = (*JSON, *JSON)
    yield Bad("body of two types", 400, "/items", twice, b'{"name": "a"}', "POST")


def _texts() -> Iterator[Bad]:
    texts = {
        "limit": ["", "x", "0", "1.5", "9" * 5000, "1e9", "１"],
        "tags": ["x", "1&tags=x"],
        "since": ["x", "2026-01-31", "1e300", "2026-01-31T25:00:00Z", "9" * 400],
        "day": ["2026-02-30", "0000-00-00", "99999-01-01"],
        "age": ["P99999999999999999Y", "1e400"],
        "price": ["x", "NaN", "sNaN", "-Infinity", "1" * 5000 + "x"],
        "ratio": ["nan", "inf", "1e999", "0x10"],
        "colour": ["blue", "RED"],
        "sort": ["c"],
        "id": ["1", "g" * 32],
        "exact": ["maybe", "2"],
    }
    for name, values in texts.items():
        for value in values:
            url = f"/search?{name}={value if '&' in value else quote(value)}"
            yield Bad(f"query: {name} {value[:20]}", 422, url)
    yield Bad("query: q twice", 422, "/search?q=a&q=b")
    yield Bad("query: no UTF-8", 400, "/search?q=%ff")
    yield Bad("query: a name that is no UTF-8", 400, "/search?%ff=1")
    yield Bad("query: half a character", 400, "/search?q=%C3")
    yield Bad("query: an encoded surrogate", 400, "/search?q=%ED%A0%80")
    yield Bad("query: a NUL", 400, "/search?q=a%00b")
    yield Bad("query: a NUL in a name", 400, "/search?a%00b=1")
    yield Bad("query: ten thousand wrong values", 422, "/search?" + "tags=x&" * 5000)
    for value in ("x", "", "9" * 5000, "\xff"):
        yield Bad(f"header: {value[:20]!r}", 422, "/search", (("X-Limit", value),))
    secrets = (("Authorization", "Bearer a"), ("Authorization", "Bearer b"))
    yield Bad("header: authorization twice", 400, "/search", secrets)
    for value in (
        "visits=x",
        "visits=",
        'visits="',
        "visits=\xff; visits=1",
        "visits=" + "9" * 5000,
    ):
        yield Bad(f"cookie: {value[:20]!r}", 422, "/search", (("Cookie", value),))


def _paths() -> Iterator[Bad]:
    for value in ("x", "1.5", "9" * 5000, "1%2F2", "%2e", "nan", "1;2", "%C3%A9"):
        yield Bad(f"path: {value[:20]}", 404, f"/items/{value}")
    yield Bad("path: beyond the column", 422, f"/items/{'9' * 4000}")
    yield Bad("path: beyond 64 bits", 422, f"/items/{'9' * 30}?name=a", method="PUT")
    yield Bad("path: no UTF-8", 400, "/items/%ff")
    yield Bad("path: a NUL", 400, "/items/1%00")
    climbs = [
        *("../secret", "..%2fsecret", "%2e%2e/secret", "%2e%2e%2fsecret", "a/../../secret"),
        *("..%5csecret", "..\\secret", "a/%2e%2e/%2e%2e/secret", "%2fetc/passwd", "/etc/passwd"),
        *("..", "a/..", "....//....//%2e%2e/x", "%5c%5chost%5cshare", "C:%5c..%5cx"),
    ]
    for climb in climbs:
        yield Bad(f"path: {climb}", 400, f"/files/{climb}")
    for climb in ("%252e%252e%252fsecret", "..;/secret", "%c0%ae%c0%ae/secret"):
        status = 400 if "%c0" in climb else 404
        yield Bad(f"path: {climb}", status, f"/files/{climb}")
    yield Bad("path: a NUL in a catch-all", 400, "/files/a%00.txt")
    yield Bad("path: no UTF-8 in a catch-all", 400, "/files/%ff")
    yield Bad("path: very long", 404, "/" + "a/" * 2000 + "b")
    yield Bad("method: unknown", 405, "/items", method="BREW")


def _forms() -> Iterator[Bad]:
    def part(value: bytes, extra: bytes = b"") -> bytes:
        head = b'--b\r\nContent-Disposition: form-data; name="file"' + extra
        return head + b"\r\n\r\n" + value + b"\r\n"

    file = part(b"x", b'; filename="x"')
    end = b"--b--\r\n"
    yield Bad("form: empty", 422, "/form", tuple(FORM), b"", "POST")
    yield Bad("form: no UTF-8", 400, "/form", tuple(FORM), b"name=%ff", "POST")
    yield Bad("form: raw bytes", 400, "/form", tuple(FORM), b"name=\xff", "POST")
    yield Bad("form: a NUL", 400, "/form", tuple(FORM), b"name=%00", "POST")
    yield Bad("form: many fields", 400, "/form", tuple(FORM), b"name=a&" * 10_000, "POST")
    yield Bad("form: a wrong value", 422, "/form", tuple(FORM), b"name=a&age=x", "POST")
    yield Bad("form: JSON", 415, "/form", tuple(JSON), b'{"name": "a"}', "POST")
    yield Bad("form: too large", 413, "/form", tuple(FORM), b"name=" + b"a" * 20 * MIB, "POST")
    boundless = (("Content-Type", "multipart/form-data"),)
    yield Bad("upload: no boundary", 400, "/form", boundless, file + end, "PUT")
    yield Bad("upload: cut off", 400, "/form", tuple(PARTS), file[:-5], "PUT")
    yield Bad("upload: no end", 400, "/form", tuple(PARTS), file, "PUT")
    yield Bad("upload: two thousand", 400, "/form", tuple(PARTS), file * 2000 + end, "PUT")
    yield Bad("upload: text", 422, "/form", tuple(PARTS), part(b"x") + end, "PUT")
    yield Bad("upload: rubbish", 400, "/form", tuple(PARTS), b"rubbish", "PUT")
    large = part(b"x" * 20 * MIB, b'; filename="x"') + end
    yield Bad("upload: twenty mebibytes", 413, "/form", tuple(PARTS), large, "PUT")
