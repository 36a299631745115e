"""Compare starts and reloads: `make bench-reload`, or `python -m tests.benchmarks.reload --help`.

Everything is a real process that is asked over a socket, each time over a new connection. The
contenders take turns, so that a busy machine is busy for all of them, and each ratio is the median
of the ratios of single rounds.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from tests.benchmarks import projects
from tests.benchmarks.bench import ROOT, Row, table, versions
from tests.benchmarks.projects import Project
from tests.benchmarks.started import started

Command = tuple[str, ...]
DEVELOPMENT: dict[str, Command] = {
    "zenith": ("zenith-server", "dev", "."),
    "uvicorn --reload": ("uvicorn", "main:app", "--reload"),
    "fastapi dev": ("fastapi", "dev", "main.py"),
}
PRODUCTION: dict[str, Command] = {
    "zenith": ("zenith-server", "run", ".", "--env", "production", "--workers", "1"),
    "fastapi run": ("fastapi", "run", "main.py"),
}
SIZES: dict[str, tuple[Callable[[Path], Project], Callable[[Path], Project]]] = {
    "one file": (projects.one_file, projects.one_fastapi_file),
    "example_project": (projects.example, projects.fastapi_example),
}
LIBRARIES = """
import json, sys
from zenith_server.asgi import create_app
create_app(sys.argv[1], env="production")
import zenith_server.runner.engines.granian
ours = ("zenith_server", "routes", "__main__", "_virtualenv")
print(json.dumps([name for name in sys.modules if name.partition(".")[0] not in ours]))
"""
IMPORTS = """
import json, sys
from contextlib import suppress
from importlib import import_module, util
from pathlib import Path
for name in json.loads(sys.argv[2]):
    with suppress(ImportError):
        import_module(name)
for number, file in enumerate(sorted(Path(sys.argv[1]).glob("routes/**/*.py"))):
    spec = util.spec_from_file_location(f"file{number}", file)
    sys.modules[spec.name] = module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
"""


def made(folder: Path, size: str, contenders: Mapping[str, Command]) -> dict[str, Project]:
    """Return a project of a size for each contender, each in a folder of its own."""
    ours, theirs = SIZES[size]
    make = {name: ours if name == "zenith" else theirs for name in contenders}
    return {name: make[name](folder / size / name) for name in contenders}


def reloads(folder: Path, size: str, rounds: int) -> list[Row]:
    """Return the seconds from a save to the new answer, for each round."""
    with ExitStack() as stack:
        given = made(folder / "reload", size, DEVELOPMENT)
        servers = {
            name: stack.enter_context(started(given[name], command))
            for name, command in DEVELOPMENT.items()
        }
        for server in servers.values():
            server.first_answer()
            server.saved()
        return [{name: server.saved() for name, server in servers.items()} for _ in range(rounds)]


def starts(folder: Path, size: str, rounds: int) -> list[Row]:
    """Return the seconds from the start to the first answer, for each round."""
    given = made(folder / "start", size, PRODUCTION)
    for name, command in PRODUCTION.items():
        # Databases are migrated, and files are compiled, before anything counts.
        _start(given[name], command)
    return [
        {name: _start(given[name], command) for name, command in PRODUCTION.items()}
        for _ in range(rounds)
    ]


def growth(folder: Path, number: int, rounds: int) -> list[Row]:
    """Return the seconds to the first answer with so many files, and to import them in Python."""
    project = projects.many_files(folder / f"{number} files", number)
    command = [sys.executable, "-c", LIBRARIES, str(project.folder)]
    libraries = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    _start(project, PRODUCTION["zenith"])
    return [
        {
            "zenith": _start(project, PRODUCTION["zenith"]),
            "import": _imported(project, libraries.splitlines()[-1]),
        }
        for _ in range(rounds)
    ]


def _start(project: Project, command: Command) -> float:
    with started(project, command) as server:
        return server.first_answer()


def _imported(project: Project, libraries: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", IMPORTS, str(project.folder), libraries], check=True)
    return time.perf_counter() - began


def judged(rounds: list[Row]) -> Row:
    """Return the median seconds of each contender, and our ratio to each of the others."""
    row = {name: median(seconds[name] for seconds in rounds) for name in rounds[0]}
    ratios = {
        f"zenith / {name}": median(seconds["zenith"] / seconds[name] for seconds in rounds)
        for name in row
        if name != "zenith"
    }
    return row | ratios


def main() -> None:
    """Measure, print the tables and write them as JSON."""
    parser = argparse.ArgumentParser(prog="bench-reload", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15, help="of which the median counts")
    parser.add_argument("--only", nargs="*", default=["reload", "start", "files"])
    parser.add_argument("--files", type=int, nargs="*", default=[1, 100, 1000])
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench-reload.json")
    given = parser.parse_args()
    result: dict[str, dict[str, Row]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder, rounds = Path(name), given.rounds
        if "reload" in given.only:
            result["reload"] = {size: judged(reloads(folder, size, rounds)) for size in SIZES}
        if "start" in given.only:
            result["start"] = {size: judged(starts(folder, size, rounds)) for size in SIZES}
        if "files" in given.only:
            rows = {f"{n} files": judged(growth(folder, n, rounds)) for n in given.files}
            result["files"] = rows
    for title, rows in result.items():
        cases = [*next(iter(rows.values()))]
        print(table(f"{title}, seconds", cases, rows) + "\n", flush=True)
    of = versions(["zenith", "fastapi", "uvicorn", "starlette"])
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps({"versions": of, **result}, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
