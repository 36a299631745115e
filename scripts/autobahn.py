"""The Autobahn test suite for WebSockets against both engines: nothing failed, nothing unclean.

    python scripts/autobahn.py [cases, such as 1.* 7.*]

The suite runs on Python 2.7 only; it is installed into .venv-autobahn from PyPI. Without a
python2.7 that has virtualenv the run is skipped and says so. Cases 12 and 13, the performance of
compression, take long and are left out. The reports are in build/autobahn.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests.processes import Process  # noqa: E402
from tests.projects import write_project  # noqa: E402
from tests.servers import free_port  # noqa: E402

SUITE = ROOT / ".venv-autobahn"
REPORTS = ROOT / "build" / "autobahn"
LEFT_OUT = ["12.*", "13.*"]
GOOD = {"OK", "NON-STRICT", "INFORMATIONAL"}
PROJECT = {
    "zenith.yaml": "server: {workers: 1}\nlogging: {level: warning}\n"
    "requests: {websocket_limit: 64 MiB}\n",
    "routes/index.py": """
        from starlette.websockets import WebSocket

        async def websocket(socket: WebSocket) -> None:
            await socket.accept()
            while (message := await socket.receive())["type"] == "websocket.receive":
                if message.get("text") is not None:
                    await socket.send_text(message["text"])
                else:
                    await socket.send_bytes(message["bytes"])
    """,
}


def main(cases: list[str]) -> int:
    """Run the cases on each engine; return 1 when one failed."""
    wstest = SUITE / "bin" / "wstest"
    if not wstest.exists() and not install():
        print("SKIPPED: Autobahn needs python2.7 with virtualenv, and autobahntestsuite from PyPI")
        return 0
    return max(run(wstest, engine, cases or ["*"]) for engine in ("hypercorn", "granian"))


def install() -> bool:
    """Install the suite; return whether it is there now."""
    python = shutil.which("python2.7")
    steps = (
        [str(python), "-m", "virtualenv", str(SUITE)],
        [str(SUITE / "bin" / "pip"), "install", "--quiet", "autobahntestsuite"],
    )
    return python is not None and all(subprocess.call(step) == 0 for step in steps)


def run(wstest: Path, engine: str, cases: list[str]) -> int:
    """Run the cases on one engine and say how they went; return 1 when one failed."""
    with tempfile.TemporaryDirectory() as place:
        folder = write_project(Path(place) / "echo", PROJECT)
        words = (folder, "--engine", engine, "--env", "production", "--port", free_port())
        server = Process(*map(str, words), env={}, cwd=folder)
        try:
            address = server.wait_until_serves().url.replace("http", "ws")
            plan = Path(place) / "plan.json"
            plan.write_text(json.dumps(plan_of(engine, address, cases)))
            command = [wstest, "-m", "fuzzingclient", "-s", plan]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        finally:
            server.stop()
    results = json.loads((REPORTS / engine / "index.json").read_text())[engine]
    bad = [
        f"{name}: {result['behavior']}, closed {result['behaviorClose']}"
        for name, result in results.items()
        if not {result["behavior"], result["behaviorClose"]} <= GOOD
    ]
    counted = Counter(result["behavior"] for result in results.values())
    print(f"{engine}: {len(results)} cases, {dict(counted)}", *bad, sep="\n  ")
    return int(bool(bad))


def plan_of(engine: str, address: str, cases: list[str]) -> dict[str, object]:
    """Return what the suite is to do, in its own words."""
    servers = [{"agent": engine, "url": address}]
    return {
        "outdir": str(REPORTS / engine),
        "servers": servers,
        "cases": cases,
        "exclude-cases": LEFT_OUT,
        "exclude-agent-cases": {},
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
