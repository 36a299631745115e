"""What two servers may read differently reaches no app, on either engine.

The exceptions are those of `docs/explain/limits.md`.
"""

from __future__ import annotations

import re
import socket
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.end_to_end.corpus import CASES, of_gunicorn
from tests.processes import Process
from tests.projects import write_project
from tests.servers import free_port

HANDLER = """
    from starlette.requests import Request

    async def get({0}request: Request) -> str:
        return f"reached by {{request.method}} {{await request.body()!r}}"

    async def put({0}request: Request) -> str: return await get({1}request)
    async def post({0}request: Request) -> str: return await get({1}request)
"""
PROJECT = {
    "zenith.yaml": """
        server: {workers: 1, lame_duck: 0s}
        connections: {idle: 1s, head_limit: 8 KiB}
    """,
    "routes/index.py": HANDLER.format("", ""),
    "routes/[...path].py": HANDLER.format("path: str, ", "path, "),
}
# Read as RFC 9112, 6.3 lets a server read them: the chunks count, and the connection ends.
ONE_ANSWER = {"two lengths, chunks win", "two lengths, the length wins"}
# What hyper, the parser in Granian, takes; nothing behind it can tell that it was there.
TAKEN_BY = {
    "granian": {
        *("chunked twice", "bare LF", "another host in the target"),
        *("rfc9112_bare_lf_01.http", "rfc9112_smuggle_cl_te_chunked_01.http"),
        *("rfc9112_leading_crlf_02.http", "rfc9112_target_authority_non_connect_01.http"),
    },
    "hypercorn": set[str](),
}
# Not of this class: a URL that is long for gunicorn, a header twice that may not be, and forbidden
# trailers, which no app sees.
HARMLESS = {
    *("006.http", "041.http"),
    *(f"rfc9110_trailer_forbidden_{name}_01.http" for name in ("cl", "host", "te")),
}


@pytest.fixture(scope="module", params=["hypercorn", "granian"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, Process]]:
    folder = write_project(tmp_path_factory.mktemp("shop"), PROJECT)
    words = (folder, "--engine", request.param, "--env", "production", "--port", free_port())
    process = Process(*map(str, words), env={}, cwd=folder)
    try:
        yield request.param, process.wait_until_serves()
    finally:
        process.stop()


def answer_to(server: Process, request: bytes) -> bytes:
    address = urlsplit(server.url)
    answer = b""
    with socket.create_connection((address.hostname, address.port), 10) as raw:
        with suppress(ConnectionError):
            raw.sendall(request)
        with suppress(ConnectionError):
            while data := raw.recv(65536):
                answer += data
    return answer


def answers_to(server: Process, requests: dict[str, bytes]) -> dict[str, bytes]:
    with ThreadPoolExecutor(16) as pool:
        answers = pool.map(lambda request: answer_to(server, request), requests.values())
        return dict(zip(requests, answers, strict=True))


def reached(answers: dict[str, bytes]) -> set[str]:
    return {name for name, answer in answers.items() if b"reached by" in answer}


def test_nothing_ambiguous_reaches_the_app(server: tuple[str, Process]) -> None:
    engine, process = server
    answers = answers_to(process, CASES)
    taken = TAKEN_BY[engine] | (ONE_ANSWER if engine == "granian" else set())
    assert reached(answers) == taken & CASES.keys()
    statuses = {name: re.findall(rb"HTTP/1\.1 (\d)", answer) for name, answer in answers.items()}
    refused = {name for name, each in statuses.items() if each[:1] in ([b"4"], [b"5"], [])}
    assert refused == CASES.keys() - taken
    # One that is refused is the last on its connection, and no fault of the server.
    assert not [name for name in refused if len(statuses[name]) > 1]
    allowed = (b"HTTP/1.1 400", b"HTTP/1.1 501", b"HTTP/1.1 505", b"")
    assert [name for name in refused if not answers[name].startswith(allowed)] == []
    for name in ONE_ANSWER:
        assert b"/smuggled" not in answers[name].partition(b"reached by")[0]
        assert len(statuses[name]) == 1


@pytest.mark.timeout(240)
def test_what_gunicorn_refuses_reaches_the_app_only_where_it_is_harmless(
    server: tuple[str, Process],
) -> None:
    engine, process = server
    cases = of_gunicorn(Path(sys.prefix) / "corpus")
    if not cases:
        pytest.skip("the sdist of gunicorn cannot be had")
    assert len(cases) > 60
    assert reached(answers_to(process, cases)) <= TAKEN_BY[engine] | HARMLESS
