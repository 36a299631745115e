from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conftest import Server
from tests.refusals import faults_of
from zenith_server.handlers.conditions import check, state_of
from zenith_server.problems import PreconditionFailed

NOTES = {
    "routes/notes/[id].py": """
        from datetime import UTC, datetime
        from zenith_server import NotFound, conditional

        notes = {1: ("first", datetime(2027, 1, 1, 12, tzinfo=UTC))}
        calls = []

        async def _version(id: int) -> datetime | None:
            return notes[id][1] if id in notes else None

        @conditional(_version)
        async def get(id: int) -> dict[str, str]:
            calls.append(id)
            if id not in notes:
                raise NotFound
            return {"text": notes[id][0], "calls": str(len(calls))}

        @conditional(_version)
        async def put(id: int, body: dict[str, str]) -> dict[str, str]:
            notes[id] = (body["text"], datetime(2027, 1, 2, tzinfo=UTC))
            return body

        @conditional(_version)
        async def delete(id: int) -> None:
            del notes[id]
    """,
    "routes/whole.py": """
        from zenith_server import conditional

        @conditional()
        async def get(size: int = 3) -> str:
            return "x" * size
    """,
}
MODIFIED = "Fri, 01 Jan 2027 12:00:00 GMT"


async def test_a_client_that_has_the_version_gets_no_body_and_costs_no_handler(
    serve: Server,
) -> None:
    app = await serve(NOTES)
    first = await app.get("/notes/1")
    tag = first.header("etag") or ""
    assert first.header("last-modified") == MODIFIED
    for condition in ({"if-none-match": tag}, {"if-modified-since": MODIFIED}):
        again = await app.get("/notes/1", condition)
        assert (again.status, again.body, again.header("etag")) == (304, b"", tag)
        assert again.header("content-length") is None
    assert (await app.get("/notes/1")).json()["calls"] == "2"


async def test_head_is_as_get(serve: Server) -> None:
    app = await serve(NOTES)
    head = await app.request("HEAD", "/notes/1")
    tag = head.header("etag") or ""
    assert tag == (await app.get("/notes/1")).header("etag")
    assert (await app.request("HEAD", "/notes/1", {"if-none-match": tag})).status == 304


async def test_a_change_of_another_version_is_refused(serve: Server) -> None:
    app = await serve(NOTES)
    tag = (await app.get("/notes/1")).header("etag") or ""

    async def put(headers: dict[str, str]) -> int:
        headers = {"content-type": "application/json", **headers}
        return (await app.request("PUT", "/notes/1", headers, b'{"text":"new"}')).status

    assert await put({"if-match": '"other"'}) == 412
    assert await put({"if-match": f"W/{tag}"}) == 412
    assert await put({"if-unmodified-since": "Fri, 01 Jan 2027 11:00:00 GMT"}) == 412
    assert await put({"if-none-match": "*"}) == 412
    assert await put({"if-match": f'"other", {tag}'}) == 200
    assert await put({"if-match": tag}) == 412


async def test_what_is_not_there_matches_nothing(serve: Server) -> None:
    app = await serve(NOTES)
    answer = await app.request("DELETE", "/notes/2", {"if-match": "*"})
    assert answer.status == 412
    assert answer.json()["detail"] == "The version is not the one that If-Match names"
    headers = {"content-type": "application/json", "if-none-match": "*"}
    assert (await app.request("PUT", "/notes/2", headers, b'{"text":"new"}')).status == 200


async def test_without_a_version_the_bytes_are_the_version(serve: Server) -> None:
    app = await serve(NOTES)
    one, other = [(await app.get(f"/whole?size={n}")).header("etag") or "" for n in (3, 4)]
    assert one != other
    assert (await app.get("/whole", {"if-none-match": f"{other}, W/{one}"})).status == 304
    assert (await app.get("/whole", {"if-none-match": other})).status == 200
    assert (await app.get("/whole", {"if-match": other})).status == 412


async def test_a_compressed_answer_has_a_strong_tag_of_its_own_that_counts(serve: Server) -> None:
    app = await serve({**NOTES, "zenith.yaml": "layers: {compression: true}"})
    plain = (await app.get("/whole?size=5000")).header("etag") or ""
    zipped = (await app.get("/whole?size=5000", {"accept-encoding": "gzip"})).header("etag") or ""
    assert zipped == plain[:-1] + '-gzip"'
    for tag in (plain, zipped):
        answer = await app.get(
            "/whole?size=5000", {"if-none-match": tag, "accept-encoding": "gzip"}
        )
        assert (answer.status, answer.header("etag")) == (304, tag)
    assert (await app.get("/whole?size=5000", {"if-match": zipped})).status == 200


@pytest.mark.parametrize("own", ['"mine"', 'W/"mine"'])
async def test_a_tag_of_the_handler_itself_counts(serve: Server, own: str) -> None:
    route = f"""
        from zenith_server import conditional
        HEADERS = {{"etag": {own!r}, "cache-control": "max-age=5", "x-more": "1"}}

        @conditional()
        async def get() -> tuple[str, int, dict[str, str]]:
            return "text", 200, HEADERS
        """
    app = await serve({"routes/index.py": route})
    assert (await app.get("/")).header("etag") == own
    again = await app.get("/", {"if-none-match": '"mine"'})
    assert again.status == 304
    assert again.header("cache-control") == "max-age=5"
    assert again.header("x-more") is None


async def test_an_error_has_no_tag(serve: Server) -> None:
    app = await serve(NOTES)
    assert (await app.get("/notes/2")).header("etag") is None
    assert (await app.get("/notes/2", {"if-none-match": "*"})).status == 404


async def test_the_description_tells_it(serve: Server) -> None:
    app = await serve(NOTES)
    paths = (await app.get("/openapi.json")).json()["paths"]
    assert {"304", "412"} <= paths["/notes/{id}"]["get"]["responses"].keys()
    assert "412" in paths["/notes/{id}"]["put"]["responses"]
    assert "304" not in paths["/notes/{id}"]["put"]["responses"]
    assert {"304", "412"} <= paths["/whole"]["get"]["responses"].keys()


def test_a_change_without_a_version_is_refused_at_the_start(project: Any) -> None:
    route = """
        from zenith_server import conditional
        @conditional()
        async def put() -> None: ...
        """
    (fault,) = faults_of(project({"routes/index.py": route}))
    assert "nothing tells the version" in fault.what
    assert fault.where == ("routes/index.py:2",)


NOON = datetime(2027, 1, 1, 12, tzinfo=UTC)
PRECEDENCE = [
    # RFC 9110, 13.2.2, step by step: what is asked for, by which method, and what comes of it.
    ("GET", {"if-match": "{tag}", "if-unmodified-since": "Thu, 01 Jan 1970 00:00:00 GMT"}, 200),
    ("GET", {"if-match": '"x"', "if-none-match": "{tag}"}, 412),
    ("GET", {"if-match": "{tag}", "if-none-match": "{tag}"}, 304),
    ("GET", {"if-none-match": '"x"', "if-modified-since": MODIFIED}, 200),
    ("GET", {"if-modified-since": "Fri, 01 Jan 2027 11:59:59 GMT"}, 200),
    ("GET", {"if-modified-since": "no date"}, 200),
    ("GET", {"if-unmodified-since": "no date"}, 200),
    ("PUT", {"if-modified-since": MODIFIED}, 200),
    ("PUT", {"if-unmodified-since": MODIFIED}, 200),
    ("PUT", {"if-match": "*", "if-none-match": "{tag}"}, 412),
    ("GET", {"if-none-match": ""}, 200),
]


@pytest.mark.parametrize(("method", "headers", "status"), PRECEDENCE)
def test_conditions_hold_in_their_order(method: str, headers: dict[str, str], status: int) -> None:
    state = state_of(("a", NOON))
    assert state is not None
    tag = f'"{state.tag}"'
    pairs = [(name.encode(), text.replace("{tag}", tag).encode()) for name, text in headers.items()]
    try:
        answer = check({"method": method, "headers": pairs}, state)
    except PreconditionFailed:
        assert status == 412
    else:
        assert (200 if answer is None else answer.status) == status


def test_a_version_is_text_a_number_or_a_time() -> None:
    assert state_of(None) is None
    assert state_of(7) != state_of(8)
    naive = datetime(2027, 1, 1, 12, 0, 0, 5)  # noqa: DTZ001 - as many databases have it
    state = state_of(naive)
    assert state is not None
    assert state.modified == NOON
    with pytest.raises(TypeError, match="not float"):
        state_of(1.5)


async def test_a_version_read_from_the_database_gives_its_connection_back(
    serve: Server, postgres_url: str
) -> None:
    route = """
        from sqlalchemy import text
        from zenith_server import DB, conditional

        async def _version(session=DB) -> int:
            return await session.scalar(text("SELECT 7"))

        @conditional(_version)
        async def get(session=DB) -> int:
            return await session.scalar(text("SELECT 1"))

        @conditional(_version)
        async def put(session=DB) -> int:
            return await session.scalar(text("SELECT 2"))
        """
    yaml = "database: {pool_size: 1, max_overflow: 0, pool_timeout: 0.2s}"
    environ = {"DATABASE_URL": postgres_url}
    app = await serve({"routes/index.py": route, "zenith.yaml": yaml}, "test", environ)
    tag = (await app.get("/")).header("etag") or ""
    for _ in range(3):
        assert (await app.get("/", {"if-none-match": tag})).status == 304
        assert (await app.request("PUT", "/", {"if-match": '"x"'})).status == 412
    answer = await app.request("PUT", "/", {"if-match": tag})
    assert (answer.status, answer.body) == (200, b"2")
