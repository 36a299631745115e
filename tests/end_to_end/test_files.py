"""Files over real sockets, on both engines, with the layers of production."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.conftest import ZenithStarter
from tests.projects import write_project

DATA = bytes(range(256)) * 4096  # a megabyte: more than one read
TEXT = "line of text\n" * 1000
ROUTE = """
    from pathlib import Path

    FOLDER = Path(__file__).parents[2] / "data"

    async def get(name: str) -> Path:
        return FOLDER / name
"""


@pytest.fixture(params=["granian", "hypercorn"])
def client(
    request: pytest.FixtureRequest, zenith: ZenithStarter, tmp_path: Path
) -> Iterator[httpx2.Client]:
    folder = write_project(tmp_path / "project", {"routes/files/[name].py": ROUTE})
    (folder / "data").mkdir()
    (folder / "data/bytes.bin").write_bytes(DATA)
    (folder / "data/text.txt").write_text(TEXT)
    server = zenith(folder, env={"ZENITH_SERVER__ENGINE": request.param, "WEB_CONCURRENCY": "1"})
    with httpx2.Client(base_url=server.url) as client:
        yield client


def test_a_file_arrives_whole_and_in_ranges(client: httpx2.Client) -> None:
    url = "/files/bytes.bin"
    whole = client.get(url)
    assert (whole.status_code, whole.content) == (200, DATA)
    part = client.get(url, headers={"range": "bytes=300000-500000"})
    assert (part.status_code, part.content) == (206, DATA[300000:500001])
    rest = client.get(url, headers={"range": "bytes=-100000", "if-range": whole.headers["etag"]})
    assert (rest.status_code, rest.content) == (206, DATA[-100000:])
    several = client.get(url, headers={"range": "bytes=0-0, 1000000-"})
    assert several.status_code == 206
    assert DATA[1000000:] in several.content
    assert len(several.content) == int(several.headers["content-length"])


def test_what_is_not_sent_is_not_sent(client: httpx2.Client) -> None:
    url = "/files/bytes.bin"
    head = client.head(url)
    assert (head.status_code, head.headers["content-length"]) == (200, str(len(DATA)))
    assert client.get(url, headers={"if-none-match": head.headers["etag"]}).status_code == 304
    beyond = client.get(url, headers={"range": f"bytes={len(DATA)}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{len(DATA)}")
    assert client.get("/files/none").status_code == 404


def test_a_range_of_text_is_not_compressed_and_the_whole_is(client: httpx2.Client) -> None:
    headers = {"accept-encoding": "gzip"}
    whole = client.get("/files/text.txt", headers=headers)
    assert whole.text == TEXT
    part = client.get("/files/text.txt", headers={**headers, "range": "bytes=0-2000"})
    assert part.headers.get("content-encoding") is None
    assert part.text == TEXT[:2001]
    if whole.headers.get("content-encoding") == "gzip":
        assert whole.headers["etag"].startswith("W/")
        again = client.get("/files/text.txt", headers={"if-none-match": whole.headers["etag"]})
        assert again.status_code == 304
