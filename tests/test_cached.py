from __future__ import annotations

import pytest

from tests.conftest import Server

LOGO = """
    from zenith_server.cached import Cached

    LOGO = Cached(b"<svg/>", "image/svg+xml", [(b"x-logo", b"1")])

    async def get() -> Cached:
        return LOGO
    """


async def test_bytes_are_sent_with_an_etag_and_their_headers(serve: Server) -> None:
    app = await serve({"routes/index.py": LOGO})
    answer = await app.get("/")
    assert (answer.status, answer.body) == (200, b"<svg/>")
    assert answer.header("content-type") == "image/svg+xml"
    assert answer.header("x-logo") == "1"
    assert answer.header("cache-control") == "no-cache"


@pytest.mark.parametrize(
    ("condition", "status"),
    [("{etag}", 304), ("W/{etag}", 304), ('"a", {etag}', 304), ("*", 304), ('"a"', 200)],
)
async def test_who_has_the_bytes_gets_304(serve: Server, condition: str, status: int) -> None:
    app = await serve({"routes/index.py": LOGO})
    etag = (await app.get("/")).header("etag") or ""
    answer = await app.get("/", {"if-none-match": condition.format(etag=etag)})
    assert answer.status == status
    assert answer.header("etag") == etag
    assert bool(answer.body) is (status == 200)
