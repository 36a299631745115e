"""Compare whole servers over sockets: `make bench-sockets ARGS="--help"`.

TechEmpower's six tests, those with a database once through an ORM and once without. Each contender
is one worker that wrk asks; they take turns, and each is compared with ours in the same round.
Our rows: with nothing that the others do not do either, and with the whole production preset.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median

from tests import servers
from tests.benchmarks.answers import CASES, check, fill
from tests.benchmarks.bench import ROOT, Row, table, versions
from tests.benchmarks.serving import OURS, SERVERS, Load, Serving, missing, serving

CONTENDERS = (*OURS, "bare", "starlette", "fastapi", "litestar", "blacksheep", "falcon", "django")
WITHOUT_RAW = ("django",)
FAMILIES = {"own best": ("granian", "uvicorn"), "hypercorn": ("hypercorn",)}
"""What is compared with ours on granian, and with ours on hypercorn."""
PACKAGES = ("granian", "uvicorn", "uvloop", "hypercorn", "sqlalchemy", "asyncpg", "psycopg")
Loads = dict[str, dict[str, list[Load]]]
"""By case and contender, for each round."""


@contextmanager
def database() -> Iterator[str]:
    """Give the URL of a filled database, on a server of our own that takes all contenders at once.

    It does not wait for the disk, for which a benchmark of servers would be of the disk.
    """
    options = (*servers.THROWN_AWAY, "--max_connections=600")
    with servers.private_cluster(options) as cluster:
        asyncio.run(fill(cluster.url))
        yield cluster.url


def pairs(contenders: list[str], chosen: list[str]) -> list[tuple[str, str]]:
    """Return who is compared, and on which of these servers; ours comes first."""
    others = [(name, server) for server in chosen for name in contenders if name not in OURS]
    ours = "hypercorn" if chosen == ["hypercorn"] else "granian"
    return [*((name, ours) for name in OURS if name in contenders), *others]


def is_able(case: str, name: str) -> bool:
    return not (case.startswith("raw") and name.startswith(WITHOUT_RAW))


def loads(given: argparse.Namespace, family: list[str], url: str) -> Loads:
    """Return what came of each case and contender in each round."""
    found: Loads = {}
    with ExitStack() as stack:
        started = [
            stack.enter_context(serving(*pair, url)) for pair in pairs(given.contenders, family)
        ]
        for case in given.cases:
            able = [server for server in started if is_able(case, server.name)]
            for server in able:
                asyncio.run(check(CASES[case], server.port, url))
                server.loaded(CASES[case], 1)
            found[case] = {server.name: [] for server in able}
            for number in range(given.rounds):
                for server in able[number % len(able) :] + able[: number % len(able)]:
                    load = server.loaded(CASES[case], given.seconds)
                    found[case][server.name].append(load)
            print(case, _told(found[case]), file=sys.stderr, flush=True)
    return found


def _told(row: dict[str, list[Load]]) -> str:
    said = (
        f"{name} {median(load.rate for load in rounds):.0f}/s "
        f"{min(load.cpu for load in rounds):.0f} µs"
        for name, rounds in row.items()
    )
    return ", ".join(said)


def rates(found: Loads) -> dict[str, Row]:
    """Return the median of each contender's rounds, by case."""
    return _rows(found, lambda loads: median(load.rate for load in loads))


def costs(found: Loads) -> dict[str, Row]:
    """Return the CPU time of a request in the round where it took least, by case.

    On a machine with other work a round is only ever dearer than it would be alone.
    """
    return _rows(found, lambda loads: min(load.cpu for load in loads))


def _rows(found: Loads, value: Callable[[list[Load]], float]) -> dict[str, Row]:
    rows: dict[str, Row] = {}
    for case, row in found.items():
        for name, rounds in row.items():
            rows.setdefault(name, {})[case] = value(rounds)
    return rows


def rate_ratios(found: Loads) -> dict[str, Row]:
    """Return the median of each contender's ratio to ours of the same round, by case."""
    rows: dict[str, Row] = {}
    for case, row in found.items():
        ours = row[next(iter(row))]
        for name, rounds in row.items():
            ratios = [load.rate / our.rate for load, our in zip(rounds, ours, strict=True)]
            rows.setdefault(name, {})[case] = median(ratios)
    return rows


def beside_ours(rows: dict[str, Row]) -> dict[str, Row]:
    """Return figures as ratios to ours."""
    ours = rows[next(iter(rows))]
    return {name: {case: row[case] / ours[case] for case in row} for name, row in rows.items()}


def grown(server: Serving, case: str, requests: int) -> Row:
    """Return the memory of a fresh worker in MB: at rest, warm, and after many requests."""
    row = Row()
    for moment, more in (("rest", 0), ("warm", requests // 4), (f"{requests}", requests)):
        server.asked(CASES[case], more)
        for kind, size in server.memory()._asdict().items():
            row[f"{kind} {moment}"] = size / 2**20
    return row


def memory(given: argparse.Namespace, family: list[str], url: str) -> dict[str, Row]:
    """Return the memory of each contender, one after the other."""
    rows: dict[str, Row] = {}
    for pair in pairs(given.contenders, family):
        with serving(*pair, url) as server:
            rows[server.name] = grown(server, given.memory_case, given.memory)
    return rows


def measured(given: argparse.Namespace, title: str, family: list[str], url: str) -> object:
    """Measure one family, print its tables and return all of it."""
    result: dict[str, dict[str, Row]] = {}
    if given.rounds:
        found = loads(given, family, url)
        result = {
            "requests/s, ours = 1": rate_ratios(found),
            "CPU of a request, ours = 1": beside_ours(costs(found)),
            "requests/s": rates(found),
            "CPU of a request, µs": costs(found),
        }
    if given.memory:
        result[f"MB of a worker, {given.memory_case}"] = memory(given, family, url)
    for kind, rows in result.items():
        print(table(f"{title}: {kind}", [*next(iter(rows.values()))], rows) + "\n", flush=True)
    return result


def options() -> argparse.Namespace:
    """Return what is to be measured."""
    parser = argparse.ArgumentParser(prog="bench-sockets", description=__doc__)
    parser.add_argument("contenders", nargs="*", default=list(CONTENDERS))
    parser.add_argument("--cases", nargs="*", default=list(CASES), choices=CASES, metavar="CASE")
    parser.add_argument("--servers", nargs="*", default=list(SERVERS), choices=SERVERS)
    parser.add_argument("--rounds", type=int, default=5, help="of which the median counts")
    parser.add_argument("--seconds", type=int, default=3, help="that each is asked in a round")
    parser.add_argument("--memory", type=int, default=200_000, help="requests, 0 for none of it")
    parser.add_argument("--memory-case", default="json", choices=CASES, metavar="CASE")
    parser.add_argument("--output", type=Path, default=ROOT / "build" / "bench-sockets.json")
    given = parser.parse_args()
    # Ours is what the others are compared with.
    given.contenders = ["zenith", *(name for name in given.contenders if name != "zenith")]
    return given


def main() -> None:
    """Measure, print the tables and write them as JSON."""
    given = options()
    if said := missing():
        sys.exit(said)
    frameworks = [name for name in given.contenders if name not in ("bare", *OURS)]
    result: dict[str, object] = {"versions": versions(["zenith", *frameworks, *PACKAGES])}
    with database() as url:
        for title, possible in FAMILIES.items():
            family = [server for server in possible if server in given.servers]
            if family:
                result[title] = measured(given, title, family, url)
    given.output.parent.mkdir(parents=True, exist_ok=True)
    given.output.write_text(json.dumps(result, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
