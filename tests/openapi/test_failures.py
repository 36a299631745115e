from __future__ import annotations

from typing import Any

from tests.openapi.conftest import Describe

PROBLEM = "application/problem+json"


def texts(document: Any, path: str, method: str = "get") -> dict[str, str]:
    """Return the description of each error response."""
    responses = document["paths"][path][method]["responses"]
    return {code: answer["description"] for code, answer in responses.items() if code[0] in "45"}


async def test_what_the_handler_raises_is_a_problem_document_with_its_text(
    describe: Describe,
) -> None:
    document = await describe(
        {
            "routes/index.py": """
                from zenith_server import Conflict, HTTPException, Unauthorized, problems

                class TooOld(HTTPException):
                    status = 451

                async def get(n: str = "") -> int:
                    if n == "a":
                        raise Conflict("That name is taken")
                    if n == "b":
                        raise HTTPException(402, "Pay first")
                    if n == "c":
                        raise problems.Gone
                    if n == "d":
                        raise TooOld(451, f"{n} is old")
                    if n == "e":
                        raise ValueError("A bug")
                    try:
                        return int(n)
                    except ValueError as error:
                        raise error
                """
        }
    )
    assert texts(document, "/") == {
        "400": "Bad Request",
        "402": "Pay first",
        "409": "That name is taken",
        "410": "Gone",
        "422": "Unprocessable Content",
        "451": "Unavailable For Legal Reasons",
    }
    content = document["paths"]["/"]["get"]["responses"]["409"]["content"]
    assert content == {PROBLEM: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
    content = document["paths"]["/"]["get"]["responses"]["422"]["content"]
    schema = {"$ref": "#/components/schemas/ValidationProblemDetails"}
    assert content == {PROBLEM: {"schema": schema}}


async def test_a_raw_body_is_taken_whatever_it_is(describe: Describe) -> None:
    document = await describe(
        {
            "routes/index.py": """
                from typing import Annotated
                from zenith_server import Body

                async def post(data: Annotated[bytes, Body]) -> int: return len(data)
                """
        }
    )
    assert list(texts(document, "/", "post")) == ["400", "413"]


async def test_what_services_dependencies_and_guards_raise_counts(describe: Describe) -> None:
    document = await describe(
        {
            "services/shop.py": """
                from zenith_server import Conflict, Gone, Service

                class Stock(Service):
                    def take(self) -> None:
                        self._check()

                    def _check(self) -> None:
                        raise Gone("Sold out")

                class Shop(Service):
                    def __init__(self, stock: Stock) -> None:
                        self.stock = stock

                    async def buy(self) -> None:
                        self.stock.take()
                        _paid()

                def _paid() -> None:
                    raise Conflict("Paid already")
                """,
            "routes/_middleware.py": """
                from zenith_server import Forbidden

                async def before() -> None:
                    raise Forbidden("Closed on Sundays")
                """,
            "routes/index.py": """
                from zenith_server import Depends, Unauthorized
                from services.shop import Shop

                def _user() -> str:
                    raise Unauthorized("Log in first")

                async def get(shop: Shop, user: str = Depends(_user)) -> int:
                    await shop.buy()
                    return 1
                """,
        }
    )
    assert texts(document, "/") == {
        "401": "Log in first",
        "403": "Closed on Sundays",
        "409": "Paid already",
        "410": "Sold out",
    }


async def test_a_docstring_adds_what_the_code_does_not_show(describe: Describe) -> None:
    document = await describe(
        {
            "routes/index.py": '''
                from zenith_server import NotFound, route

                class Late(NotFound):
                    "Too late."

                async def get() -> int:
                    """Count.

                    Raises:
                        NotFound: there is nothing to count.
                        Conflict: somebody else counts.
                        Late: it is too late.
                        ValueError: never documented.
                        what ever: not a name.
                    """
                    return 1
                '''
        }
    )
    assert texts(document, "/") == {
        "404": "there is nothing to count.; it is too late.",
        "409": "somebody else counts.",
    }


async def test_own_error_handlers_decide_the_form_of_errors(describe: Describe) -> None:
    document = await describe(
        {
            "routes/_errors.py": """
                from typing import Literal
                from msgspec import Struct
                from zenith_server import HTTPException

                class Failure(Struct):
                    error: str

                def http(error: HTTPException) -> tuple[Failure, int]:
                    return Failure(error.detail), error.status_code

                def missing(error: LookupError) -> tuple[Failure, Literal[404]]:
                    return Failure("missing"), 404

                def unknown(error: OSError) -> tuple[Failure, int]:
                    return Failure("unknown"), 418
                """,
            "routes/[id].py": """
                from zenith_server import Gone

                async def get(id: int) -> int:
                    raise Gone("Too late")
                """,
        }
    )
    responses = document["paths"]["/{id}"]["get"]["responses"]
    failure = {"schema": {"$ref": "#/components/schemas/Failure"}}
    problem = {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}
    assert list(responses) == ["200", "400", "404", "410"]
    assert responses["410"] == {
        "description": "Too late",
        "content": {"application/json": failure},
    }
    # A URL that no route has is answered before any route's handlers.
    assert responses["400"]["content"] == {PROBLEM: problem}
    assert responses["404"]["content"] == {"application/json": failure}


async def test_a_mapped_exception_is_told_where_the_code_shows_it(describe: Describe) -> None:
    document = await describe(
        {
            "services/stock.py": """
                from sqlalchemy import select, column
                from zenith_server import Session, Service

                class SoldOut(Exception): ...

                class Stock(Service):
                    def __init__(self, session: Session) -> None:
                        self.session = session

                    async def take(self) -> int:
                        raise SoldOut

                    async def item(self) -> int:
                        return (await self.session.scalars(select(column("a")))).one()
                """,
            "routes/_errors.py": """
                from typing import Literal
                from sqlalchemy.exc import NoResultFound
                from services.stock import SoldOut

                def gone(error: SoldOut) -> tuple[str, Literal[410]]:
                    return "Sold out", 410

                def missing(error: NoResultFound) -> tuple[str, Literal[404]]:
                    return "Not there", 404

                def broken(error: ZeroDivisionError) -> tuple[str, Literal[400]]:
                    return "That cannot be", 400
                """,
            "routes/index.py": '''
                from services.stock import SoldOut, Stock

                async def get(stock: Stock) -> int:
                    return await stock.item()
                async def put(stock: Stock) -> int:
                    return await stock.take()
                async def post(stock: Stock) -> int:
                    """Count.

                    Raises:
                        SoldOut: there is nothing to count.
                    """
                    return 1
                async def delete() -> None: ...
                ''',
        }
    )
    said = {method: texts(document, "/", method) for method in document["paths"]["/"]}
    always = {"400": "Bad Request"}
    assert said == {
        "get": {**always, "404": "Not Found"},
        "put": {**always, "410": "Gone"},
        "post": {**always, "410": "there is nothing to count."},
        "delete": always,
    }


async def test_what_finds_or_raises_counts_though_it_is_not_the_projects(
    describe: Describe,
) -> None:
    document = await describe(
        {
            "models/found_book.py": """
                from sqlalchemy.orm import Mapped, mapped_column
                from zenith_server import Model

                class FoundBook(Model):
                    __tablename__ = "found_books"
                    id: Mapped[int] = mapped_column(primary_key=True)
                """,
            "routes/index.py": """
                from models.found_book import FoundBook

                async def get() -> FoundBook:
                    return await FoundBook.find_or_404(1)
                async def put() -> FoundBook:
                    return await FoundBook.where(id=1).first_or_404()
                async def post() -> FoundBook | None:
                    return await FoundBook.where(id=1).first()
                """,
        }
    )
    said = {method: texts(document, "/", method) for method in document["paths"]["/"]}
    assert said == {"get": {"404": "Not Found"}, "put": {"404": "Not Found"}, "post": {}}


async def test_text_in_a_path_always_fits(describe: Describe) -> None:
    document = await describe(
        {
            "routes/[name].py": "async def get(name: str) -> str: ...",
            "routes/at/[day].py": "from datetime import date\nasync def get(day: date) -> str: ...",
        }
    )
    paths = document["paths"]
    assert list(paths["/{name}"]["get"]["responses"]) == ["200", "400"]
    assert list(paths["/at/{day}"]["get"]["responses"]) == ["200", "400", "404"]


async def test_a_handler_that_reads_nothing_has_no_input_errors(describe: Describe) -> None:
    document = await describe({"routes/index.py": "async def get() -> int: ..."})
    assert texts(document, "/") == {}


async def test_a_header_that_may_be_any_text_cannot_be_invalid(describe: Describe) -> None:
    document = await describe(
        {
            "routes/index.py": """
                from typing import Annotated
                from zenith_server import Header, Security

                async def get(key: Annotated[str | None, Header("x-key")] = None) -> int: ...
                async def post(key: Annotated[str, Header("x-key")]) -> int: ...
                async def put(key: Annotated[int, Header("x-key")] = 1) -> int: ...
                """
        }
    )
    assert list(texts(document, "/", "get")) == ["400"]
    assert list(texts(document, "/", "post")) == ["400", "422"]
    assert list(texts(document, "/", "put")) == ["400", "422"]


async def test_what_cannot_be_read_is_passed_over(describe: Describe) -> None:
    document = await describe(
        {
            "services/odd.py": """
                from __future__ import annotations
                from typing import TYPE_CHECKING
                from zenith_server import Gone, Service

                if TYPE_CHECKING:
                    from nowhere import Thing

                class Odd(Service):
                    def go(self, thing: Thing | None = None) -> None:
                        thing.run()
                        self.missing.run()
                        [len][0]("a")
                        raise Gone("Too late")

                exec("def made(): raise RuntimeError()")

                class _Called:
                    def __call__(self) -> int:
                        raise Gone("Called too late")

                called = _Called()
                """,
            "routes/index.py": """
                from functools import partial
                from zenith_server import Depends
                from services import odd

                async def get(thing: odd.Odd, n: int = Depends(odd.called)) -> int:
                    odd.made()
                    thing.go()
                    return n
                """,
        }
    )
    assert texts(document, "/") == {"410": "Too late; Called too late"}
