"""The CPU time of a worker for requests and bodies over HTTP/1.1, 2 and 3 on Hypercorn.

    python scripts/http3_cost.py

Needs Linux, which tells the CPU time of a process; about a minute.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx2

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.http3 import client
from tests.processes import Process
from tests.projects import write_project
from tests.servers import free_port
from zenith_server.runner.local_certificate import local_certificate

ROUNDS, REQUESTS, BODIES = 3, 500, 10
MIB = b"x" * 2**20
PROJECT = {
    "zenith.yaml": """
        server: {workers: 1, engine: hypercorn, http3: true}
        requests: {json_limit: 2 MiB}
        logging: {level: error}
    """,
    "routes/index.py": """
        import os

        async def get() -> int:
            return os.getpid()
    """,
    "routes/body.py": """
        from starlette.requests import Request
        from starlette.responses import Response

        async def get() -> Response:
            return Response(b"x" * 2**20)

        async def post(request: Request) -> int:
            return len(await request.body())
    """,
}
Ask = Callable[[str, str, bytes], Awaitable[bytes]]


def main() -> None:
    """Serve a project and print what each version costs, the least of some rounds."""
    with tempfile.TemporaryDirectory() as name:
        folder = write_project(Path(name) / "shop", PROJECT)
        local_certificate(folder)
        env = {"PORT": str(free_port()), "HOST": "127.0.0.1"}
        server = Process("dev", folder, "--https", env=env, cwd=folder)
        try:
            server.wait_until_serves()
            asyncio.run(compare(int(env["PORT"])))
        finally:
            server.stop()


async def compare(port: int) -> None:
    """Ask over each version in turn, so that a busy machine is busy for all of them."""
    best: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for version in ("HTTP/1.1", "HTTP/2", "HTTP/3"):
            costs = await (over_quic(port) if version == "HTTP/3" else over_tcp(port, version))
            best[version] = list(map(min, costs, best.get(version, costs)))
    for version, (request, out, into) in best.items():
        print(f"{version}: {request:.2f} ms a request, {out:.0f} ms a MiB out, {into:.0f} ms in")


async def over_tcp(port: int, version: str) -> list[float]:
    """Return what requests and bodies cost over TCP."""
    async with httpx2.AsyncClient(verify=trusting(), http2=version == "HTTP/2") as asker:

        async def ask(method: str, path: str, body: bytes) -> bytes:
            answer = await asker.request(method, f"https://localhost:{port}{path}", content=body)
            return answer.content

        return await costs_of(ask)


async def over_quic(port: int) -> list[float]:
    """Return what requests and bodies cost over QUIC."""
    async with client(port) as asker:

        async def ask(method: str, path: str, body: bytes) -> bytes:
            return bytes((await asker.ask(method, path, None, body)).body)

        return await costs_of(ask)


def trusting() -> ssl.SSLContext:
    """Return a context that takes any certificate: nobody is on the way."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


async def costs_of(ask: Ask) -> list[float]:
    """Return milliseconds of CPU time for a request, a MiB out and a MiB in."""
    worker = int(await ask("GET", "/", b""))
    found: list[float] = []
    for times, asked in (
        (REQUESTS, ("GET", "/", b"")),
        (BODIES, ("GET", "/body", b"")),
        (BODIES, ("POST", "/body", MIB)),
    ):
        before = cpu_time(worker)
        for _ in range(times):
            await ask(*asked)
        found.append((cpu_time(worker) - before) / times)
    return found


def cpu_time(pid: int) -> float:
    """Return the CPU time of a process, in milliseconds (proc_pid_stat(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return 1000 * (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
