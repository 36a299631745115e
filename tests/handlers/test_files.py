from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import Server
from tests.served import Answer, Served
from zenith_server.handlers.files import ranges_in

TEXT = "0123456789" * 200


@pytest.fixture
async def files(serve: Server, tmp_path: Path) -> Served:
    (tmp_path / "text.txt").write_text(TEXT)
    (tmp_path / "empty.txt").write_text("")
    route = f"""
        from pathlib import Path
        from zenith_server import FileResponse

        FOLDER = Path({str(tmp_path)!r})

        async def get(name: str) -> Path:
            return FOLDER / name
        """
    download = """
        from routes.files import FOLDER
        from zenith_server import FileResponse

        async def get(name: str) -> FileResponse:
            return FileResponse(FOLDER / name, filename="report.txt")
        """
    named = f"from pathlib import Path\\nFOLDER = Path({str(tmp_path)!r})"
    parts = {
        "routes/files/[name].py": route,
        "routes/downloads/[name].py": download.replace("from routes.files import FOLDER", named),
        "routes/made.py": f"""
            from pathlib import Path

            async def get():
                return Path({str(tmp_path / "text.txt")!r}), 200, {{"cache-control": "no-cache"}}
            """,
        "zenith.yaml": "layers: {compression: true}",
    }
    return await serve({k: v.replace("\\n", "\n        ") for k, v in parts.items()})


async def ranged(app: Served, text: str, **more: str) -> Answer:
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    return await app.get("/files/text.txt", {"range": text, **headers})


async def test_a_path_is_a_file(files: Served) -> None:
    answer = await files.get("/files/text.txt")
    assert (answer.status, answer.body.decode()) == (200, TEXT)
    assert answer.header("content-type") == "text/plain; charset=utf-8"
    assert answer.header("accept-ranges") == "bytes"
    assert answer.header("content-length") == "2000"


async def test_what_is_no_file_is_not_there(files: Served) -> None:
    assert (await files.get("/files/none.txt")).status == 404
    assert (await files.get("/files/text.txt%2Fx")).status == 404
    assert (await files.get("/files/project")).status == 404  # a folder


@pytest.mark.parametrize(
    ("text", "content", "body"),
    [
        ("bytes=0-4", "bytes 0-4/2000", "01234"),
        ("bytes=-3", "bytes 1997-1999/2000", "789"),
        ("bytes=1998-", "bytes 1998-1999/2000", "89"),
        ("bytes=1998-9999", "bytes 1998-1999/2000", "89"),
        ("BYTES= 3-3 ", "bytes 3-3/2000", "3"),
        ("bytes=2-3, 9000-", "bytes 2-3/2000", "23"),
    ],
)
async def test_a_range(files: Served, text: str, content: str, body: str) -> None:
    answer = await ranged(files, text, accept_encoding="gzip")
    assert (answer.status, answer.header("content-range")) == (206, content)
    assert answer.body.decode() == body
    assert answer.header("content-encoding") is None
    assert answer.header("content-length") == str(len(body))


async def test_several_ranges_come_in_parts(files: Served) -> None:
    answer = await ranged(files, "bytes=0-1,5-6", accept_encoding="gzip")
    assert answer.status == 206
    kind = answer.header("content-type") or ""
    boundary = kind.removeprefix("multipart/byteranges; boundary=")
    kind = "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Range: bytes "
    parts = answer.body.decode().split(f"--{boundary}")
    assert parts == ["", f"{kind}0-1/2000\r\n\r\n01\r\n", f"{kind}5-6/2000\r\n\r\n56\r\n", "--"]
    assert answer.header("content-length") == str(len(answer.body))


@pytest.mark.parametrize("text", ["bytes=2000-", "bytes=-0", "bytes=5000-6000, 7000-"])
async def test_ranges_beyond_the_end_are_a_416(files: Served, text: str) -> None:
    answer = await ranged(files, text)
    assert (answer.status, answer.header("content-range")) == (416, "bytes */2000")
    assert answer.header("content-type") == "application/problem+json"


async def test_an_empty_file_has_no_range(files: Served) -> None:
    assert (await files.get("/files/empty.txt", {"range": "bytes=0-"})).status == 416
    assert (await files.get("/files/empty.txt")).status == 200


@pytest.mark.parametrize(
    "text",
    [
        "lines=1-2",
        "bytes=",
        "bytes=5-2",
        "bytes=a-b",
        "bytes=-",
        "bytes 1-2",
        "bytes=١-٢",
        "bytes=+1-2",
    ],
)
async def test_what_is_no_range_is_ignored(files: Served, text: str) -> None:
    headers = [("range", text)] if text.isascii() else []
    assert (await files.get("/files/text.txt", headers)).status == 200
    assert ranges_in(text) is None


async def test_only_get_has_ranges(files: Served) -> None:
    head = await files.request("HEAD", "/files/text.txt", {"range": "bytes=0-4"})
    assert (head.status, head.header("content-length"), head.body) == (200, "2000", b"")


async def test_if_range_asks_for_the_same_file(files: Served) -> None:
    first = await files.get("/files/text.txt")
    tag, modified = first.header("etag") or "", first.header("last-modified") or ""
    assert (await ranged(files, "bytes=0-4", if_range=tag)).status == 206
    assert (await ranged(files, "bytes=0-4", if_range=modified)).status == 206
    for other in ('"other"', f"W/{tag}", "Thu, 01 Jan 1970 00:00:00 GMT"):
        assert (await ranged(files, "bytes=0-4", if_range=other)).status == 200
    assert (await ranged(files, "bytes=9999-", if_range='"other"')).status == 200


async def test_a_client_that_has_the_file_gets_a_304(files: Served) -> None:
    first = await files.get("/files/text.txt")
    tag, modified = first.header("etag") or "", first.header("last-modified") or ""
    for condition in (
        {"if-none-match": tag},
        {"if-none-match": f"W/{tag}"},
        {"if-modified-since": modified},
    ):
        again = await files.get("/files/text.txt", {**condition, "range": "bytes=0-4"})
        assert (again.status, again.body) == (304, b"")
    assert (await files.get("/files/text.txt", {"if-match": '"other"'})).status == 412
    assert (await files.get("/files/text.txt", {"if-none-match": '"other"'})).status == 200


async def test_a_download_has_a_name_and_a_path_its_own_headers(files: Served) -> None:
    answer = await files.get("/downloads/text.txt")
    assert answer.header("content-disposition") == 'attachment; filename="report.txt"'
    assert (await files.get("/made")).header("cache-control") == "no-cache"


async def test_the_description_tells_what_a_file_may_be(files: Served) -> None:
    paths = (await files.get("/openapi.json")).json()["paths"]
    for url in ("/files/{name}", "/downloads/{name}"):
        responses = paths[url]["get"]["responses"]
        assert {"200", "206", "304", "404", "412", "416"} <= responses.keys()
        assert responses["200"]["content"] == {"*/*": {}}
