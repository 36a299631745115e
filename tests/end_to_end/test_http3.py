"""HTTP/3 through the whole server: the command, the layers, and workers that come and go."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import time
from pathlib import Path

import httpx2
import pytest

from tests.conftest import ZenithStarter
from tests.http3 import Client, Cut, client
from tests.processes import Process
from tests.projects import write_project
from zenith_server.runner.local_certificate import local_certificate

PROJECT = {
    "zenith.yaml": """
        server: {lame_duck: 0.5s, grace: 5s, http3: true, host: 127.0.0.1}
        requests: {json_limit: 1000, form_limit: 1000, body_timeout: 1s, timeout: 3s}
        logging: {level: warning}
    """,
    "routes/index.py": """
        import os

        async def get() -> int:
            return os.getpid()
    """,
    "routes/slow.py": """
        import asyncio

        async def get(seconds: float) -> str:
            await asyncio.sleep(seconds)
            return "late"
    """,
    "routes/length.py": """
        from starlette.requests import Request

        async def post(request: Request) -> int:
            return len(await request.body())
    """,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = write_project(tmp_path / "shop", PROJECT)
    local_certificate(folder)
    return folder


@pytest.fixture
def trust(folder: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(folder / "data/https/authority.pem"))


def port_of(server: Process) -> int:
    return int(server.url.rpartition(":")[2])


def production(zenith: ZenithStarter, folder: Path, workers: int, **env: str) -> Process:
    pair = [f"--{name}=data/https/{file}.pem" for name, file in PAIR.items()]
    options = ["--env", "production", "--workers", str(workers)]
    return zenith(folder, *pair, *options, env={"HOST": "127.0.0.1", **env})


PAIR = {"certfile": "certificate", "keyfile": "key"}


async def test_it_is_announced_and_served_beside_http_1_and_2(
    zenith: ZenithStarter, folder: Path, trust: ssl.SSLContext
) -> None:
    server = await asyncio.to_thread(zenith, "dev", folder, "--https", "--http3")
    port = port_of(server)
    url = f"https://localhost:{port}"
    for http2 in (False, True):
        async with httpx2.AsyncClient(verify=trust, http2=http2) as asker:
            answer = await asker.get(url)
        assert answer.headers["alt-svc"] == f'h3=":{port}"; ma=86400'
        assert answer.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
    authority = str(folder / "data/https/authority.pem")
    async with client(port, verify_mode=ssl.CERT_REQUIRED, cafile=authority) as asker:
        over_quic = await asker.get("/")
    assert bytes(over_quic.body) == answer.content
    assert {"x-request-id", "content-security-policy"} <= {
        name.decode() for name, _ in over_quic.headers
    }
    assert "hypercorn with HTTP/3" in server.output


async def test_without_it_nothing_listens_and_nothing_is_announced(
    zenith: ZenithStarter, folder: Path, trust: ssl.SSLContext
) -> None:
    server = await asyncio.to_thread(zenith, "dev", folder, "--https", "--no-http3")
    answer = await asyncio.to_thread(
        httpx2.get, f"https://localhost:{port_of(server)}", verify=trust
    )
    assert "alt-svc" not in answer.headers


async def test_the_limits_of_bodies_and_times_hold(zenith: ZenithStarter, folder: Path) -> None:
    server = await asyncio.to_thread(production, zenith, folder, 1)
    async with client(port_of(server)) as asker:
        assert bytes((await asker.post("/length", b"x" * 1000)).body) == b"1000"
        long = b"x" * 5000
        assert (await asker.post("/length", long, [(b"content-length", b"5000")])).status == 413
        assert (await asker.post("/length", long)).status == 413
        unfinished = asker.begin("POST", "/length")
        asker.go_on(unfinished, b"x")
        assert (await asker.answer(unfinished)).status == 408
        assert (await asker.get("/slow?seconds=9")).status == 503
        assert (await asker.get("/")).status == 200


async def test_every_worker_serves_what_began_with_it(zenith: ZenithStarter, folder: Path) -> None:
    server = await asyncio.to_thread(production, zenith, folder, 3)
    port = port_of(server)
    found: dict[str, int] = {}
    for _ in range(60):
        async with client(port) as asker:
            pids = {(await asker.get("/")).body.decode() for _ in range(4)}
            assert len(pids) == 1
            found[pids.pop()] = found.get("", 0) + 1
        if len(found) == 3:
            break
    assert len(found) > 1


async def test_a_killed_worker_takes_its_own_connections_only(
    zenith: ZenithStarter, folder: Path
) -> None:
    server = await asyncio.to_thread(production, zenith, folder, 2)
    port = port_of(server)
    async with client(port) as one:
        killed = int((await one.get("/")).body)
        async with client(port) as other:
            survives = int((await other.get("/")).body)
            while survives == killed:
                async with client(port) as other_try:
                    survives = int((await other_try.get("/")).body)
            os.kill(killed, signal.SIGKILL)
            # Where datagrams of the dead are read by the living, nobody is confused.
            one.begin("GET", "/", last=True)
            for _ in range(30):
                async with client(port) as newcomer:
                    assert (await newcomer.get("/")).status == 200
        one.vanish()


class Load:
    """Clients that ask without pause, over connections that they renew when they are told to."""

    def __init__(self, port: int) -> None:
        self._port = port
        self.answered = 0
        self.under_way = 0
        self.again = 0
        self.lost: list[str] = []
        self.refused = 0
        self._until = asyncio.Event()
        self._running = [asyncio.create_task(self._run(self._until)) for _ in range(6)]

    async def end(self) -> None:
        """Let requests that are under way have their answer; ask nothing more."""
        self._until.set()
        _, connecting = await asyncio.wait(self._running, timeout=5)
        for each in connecting:
            each.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _run(self, until: asyncio.Event) -> None:
        while not until.is_set():
            try:
                async with client(self._port) as asker:
                    await self._ask(asker, until)
            except (ConnectionError, TimeoutError):
                # No connection, so no request either.
                self.refused += 1

    async def _ask(self, asker: Client, until: asyncio.Event) -> None:
        while not until.is_set() and not asker.told_to_leave and asker.ended is None:
            self.under_way += 1
            try:
                answer = await asker.get("/slow?seconds=0.02")
            except Cut as cut:
                # What the server has not seen may be sent again.
                if cut.is_unseen:
                    self.again += 1
                else:
                    self.lost.append(str(cut))
            else:
                if answer.status != 200:
                    self.lost.append(f"{answer.status} {bytes(answer.body)!r}")
                self.answered += 1
            self.under_way -= 1


async def test_no_request_is_lost_when_workers_are_replaced(
    zenith: ZenithStarter, folder: Path
) -> None:
    server = await asyncio.to_thread(production, zenith, folder, 2)
    load = Load(port_of(server))
    for count in (1, 2):
        await asyncio.sleep(0.5)
        server.send(signal.SIGHUP)
        await asyncio.to_thread(wait_for, server, "reloaded in", count)
    await asyncio.sleep(0.5)
    await load.end()
    assert (load.lost, load.under_way, load.refused) == ([], 0, 0)
    assert load.answered > 50


async def test_no_request_is_lost_in_a_stop(zenith: ZenithStarter, folder: Path) -> None:
    lame_duck = {"ZENITH_SERVER__LAME_DUCK": "500ms"}
    server = await asyncio.to_thread(production, zenith, folder, 2, **lame_duck)
    load = Load(port_of(server))
    await asyncio.sleep(1)
    server.send(signal.SIGTERM)
    assert await asyncio.to_thread(server.wait) == 0
    await load.end()
    assert (load.lost, load.under_way) == ([], 0)
    assert load.answered > 50


def wait_for(server: Process, text: str, count: int) -> None:
    deadline = time.monotonic() + 30
    while server.output.count(text) < count:
        assert time.monotonic() < deadline, server.output
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--http3"], "HTTP/3 needs a certificate"),
        (["--https", "--http3", "--engine", "granian"], "Granian does not serve HTTP/3"),
        (["--https", "--http3", "--bind", "unix:here.sock"], "HTTP/3 needs a port"),
    ],
)
def test_what_http3_cannot_do_without_is_told(
    zenith: ZenithStarter, folder: Path, arguments: list[str], said: str
) -> None:
    server = zenith("dev", folder, *arguments, wait=False)
    assert server.wait() != 0
    assert said in server.output
