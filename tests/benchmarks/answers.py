"""TechEmpower's six tests: what is asked, and whether the answer is right.

Their rules are those of https://github.com/TechEmpower/FrameworkBenchmarks/wiki; the header
`Server`, which they ask for too, is left out as ours is.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing, contextmanager
from html.parser import HTMLParser
from http.client import HTTPConnection
from typing import Any, NamedTuple

import asyncpg

from tests.benchmarks.techempower.pages import ADDED
from tests.benchmarks.techempower.worlds import ROWS

FORTUNES = (
    "fortune: No such file or directory",
    "A computer scientist is someone who fixes things that aren't broken.",
    "After enough decimal places, nobody gives a damn.",
    "A bad random number generator: 1, 1, 1, 1, 1, 4.33e+67, 1, 1, 1",
    "A computer program does what you tell it to do, not what you want it to do.",
    "Emacs is a nice operating system, but I prefer UNIX. — Tom Christaensen",
    "Any program that runs right is obsolete.",
    "A list is only as strong as its weakest link. — Donald Knuth",
    "Feature: A bug with seniority.",
    "Computers make very fast, very accurate mistakes.",
    '<script>alert("This should not be displayed in a browser alert box.");</script>',
    "フレームワークのベンチマーク",
)
TABLES = (
    "CREATE TABLE world (id int PRIMARY KEY, randomnumber int NOT NULL)",
    f"INSERT INTO world SELECT n, 1 + floor(random() * {ROWS}) FROM generate_series(1, {ROWS}) n",
    "CREATE TABLE fortune (id int PRIMARY KEY, message varchar(2048) NOT NULL)",
)
# What the parameter may be, and how many rows that means.
COUNTS = {
    "": 1,
    "?queries=": 1,
    "?queries=foo": 1,
    "?queries=0": 1,
    "?queries=-3": 1,
    "?queries=20": 20,
    "?queries=501": 500,
}


class Answer(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


Ask = Callable[[str], Answer]
Check = Callable[[Ask, str, asyncpg.Connection], Awaitable[None]]


@contextmanager
def asking(port: int) -> Iterator[Ask]:
    """Give what asks a server on this machine, over a connection that is kept."""
    connection = HTTPConnection("127.0.0.1", port, timeout=30)

    def ask(path: str) -> Answer:
        connection.request("GET", path)
        response = connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, headers, response.read())

    with closing(connection):
        yield ask


async def fill(url: str) -> None:
    """Make the tables and their rows in an empty database."""
    connection = await asyncpg.connect(url)
    for statement in TABLES:
        await connection.execute(statement)
    rows = list(enumerate(FORTUNES, 1))
    await connection.executemany("INSERT INTO fortune VALUES ($1, $2)", rows)
    await connection.execute("VACUUM ANALYZE")
    await connection.close()


def _whole(ask: Ask, path: str, kind: str) -> bytes:
    answer = ask(path)
    assert answer.status == 200, (path, answer)
    assert answer.headers["content-type"].startswith(kind), (path, answer.headers)
    length = answer.headers.get("content-length")
    is_chunked = answer.headers.get("transfer-encoding") == "chunked"
    assert is_chunked if length is None else int(length) == len(answer.body), answer.headers
    return answer.body


async def _json(ask: Ask, path: str, _: asyncpg.Connection) -> None:
    body = json.loads(_whole(ask, path, "application/json"))
    assert body == {"message": "Hello, World!"}, body


async def _plaintext(ask: Ask, path: str, _: asyncpg.Connection) -> None:
    body = _whole(ask, path, "text/plain")
    assert body == b"Hello, World!", body


async def _db(ask: Ask, path: str, rows: asyncpg.Connection) -> None:
    worlds = [json.loads(_whole(ask, path, "application/json")) for _ in range(5)]
    assert len({world["id"] for world in worlds}) > 1, worlds
    await _are_stored(worlds, rows)


async def _queries(ask: Ask, path: str, rows: asyncpg.Connection) -> None:
    for query, count in COUNTS.items():
        worlds = json.loads(_whole(ask, path + query, "application/json"))
        assert len(worlds) == count, (query, len(worlds))
        await _are_stored(worlds, rows)


async def _updates(ask: Ask, path: str, rows: asyncpg.Connection) -> None:
    before = dict(await rows.fetch("SELECT id, randomnumber FROM world"))
    await _queries(ask, path, rows)
    after = dict(await rows.fetch("SELECT id, randomnumber FROM world"))
    # Of 525 numbers hardly any is drawn again for its row.
    assert sum(after[key] != before[key] for key in before) > 400


async def _are_stored(worlds: list[dict[str, int]], rows: asyncpg.Connection) -> None:
    """See to it that the answered rows are those of the database."""
    stored = dict(await rows.fetch("SELECT id, randomnumber FROM world"))
    assert all(world["randomNumber"] == stored[world["id"]] for world in worlds), worlds
    assert all(world.keys() == {"id", "randomNumber"} for world in worlds), worlds


async def _fortunes(ask: Ask, path: str, _: asyncpg.Connection) -> None:
    body = _whole(ask, path, "text/html").decode()
    expected = sorted([*enumerate(FORTUNES, 1), (0, ADDED)], key=lambda row: row[1])
    assert body.startswith("<!DOCTYPE html>"), body
    assert "<script" not in body, body
    assert _Rows(body).found == [[str(key), message] for key, message in expected], body


class _Rows(HTMLParser):
    """The cells of a page's table, row by row."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[list[str]] = []
        self._is_in_cell = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        if tag == "td":
            if not self.found or len(self.found[-1]) == 2:
                self.found.append([])
            self.found[-1].append("")
        self._is_in_cell = tag == "td"

    def handle_endtag(self, tag: str) -> None:
        self._is_in_cell = False

    def handle_data(self, data: str) -> None:
        if self._is_in_cell:
            self.found[-1][-1] += data


class Case(NamedTuple):
    """One of the tests.

    Args:
        path: what is asked while it is timed.
        check: raises AssertionError for a wrong answer; it is given the path without its query.
        connections: on which it is asked all the time. Where requests take long, what is still
            under way at the end would weigh too much if there were many.
    """

    path: str
    check: Check
    connections: int = 32


CASES = {
    "json": Case("/json", _json),
    "plaintext": Case("/plaintext", _plaintext),
    "db": Case("/db", _db),
    "queries": Case("/queries?queries=20", _queries, 8),
    "fortunes": Case("/fortunes", _fortunes),
    "updates": Case("/updates?queries=20", _updates, 8),
    "raw db": Case("/raw/db", _db),
    "raw queries": Case("/raw/queries?queries=20", _queries, 8),
    "raw fortunes": Case("/raw/fortunes", _fortunes),
    "raw updates": Case("/raw/updates?queries=20", _updates, 8),
}


async def check(case: Case, port: int, url: str) -> None:
    """See to it that a server answers a test rightly.

    Args:
        case: the test.
        port: of the server.
        url: of the database that it uses.

    Raises:
        AssertionError: it does not.
    """
    connection = await asyncpg.connect(url)
    try:
        with asking(port) as ask:
            await case.check(ask, case.path.partition("?")[0], connection)
    finally:
        await connection.close()
