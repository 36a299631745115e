"""`zenith-server status`: what the servers of a project on this machine are doing."""

from __future__ import annotations

import json as json_text
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from zenith_server.cli.options import HERE, AsJson, ProjectFolder
from zenith_server.cli.output import complain, counted, print_json, print_table

if TYPE_CHECKING:
    from rich.console import RenderableType

EVERY = 1.0
_COLUMNS = ("PID", "STATE", "AGE", "REQUESTS", "IN FLIGHT", "WEBSOCKETS", "MEMORY", "GENERATION")

Watch = Annotated[bool, Parameter(help="Show it again every second, until Ctrl-C.")]


def status(project: ProjectFolder = HERE, *, watch: Watch = False, json: AsJson = False) -> int:
    """Tell what the workers of a running server are doing."""
    from zenith_server.scan import check_folder

    check_folder(project.resolve())
    if not watch:
        return _once(project, print_json if json else _print_tables)
    try:
        if sys.stdout.isatty() and not json:
            return _live(project)
        while True:
            code = _once(project, _print_line if json else _print_tables)
            sys.stdout.flush()
            if code:
                return code
            time.sleep(EVERY)
    except KeyboardInterrupt:
        return 0


def _states(project: Path) -> list[dict[str, Any]]:
    from zenith_server.runner.control import states

    return states(project)


def _once(project: Path, show: Callable[[Any], None]) -> int:
    found = _states(project)
    if not found:
        complain(
            f"No server of this project runs here\n  at {project.resolve()}\n\n"
            "Servers are found on the same machine, or in the same container, by the user who\n"
            "started them."
        )
        return 1
    show(found)
    return 0


def _print_line(found: Any) -> None:
    print(json_text.dumps(found))


def _print_tables(found: list[dict[str, Any]]) -> None:
    for state in found:
        print(headline(state))
        print_table(_COLUMNS, [cells(worker) for worker in state["workers"]])


def headline(state: dict[str, Any]) -> str:
    """Return the line above the table."""
    return (
        f"{state['url']}  {state['environment']}, supervisor {state['pid']}, "
        f"up {age(state['age'])}, {counted(state['wanted'], 'worker')} wanted, "
        f"{state['replaced']} replaced, {counted(state['requests'], 'request')}"
    )


def cells(worker: dict[str, Any]) -> tuple[str, ...]:
    """Return the row of a worker."""
    return (
        str(worker["pid"]),
        worker["state"],
        age(worker["age"]),
        *(str(worker[name]) for name in ("requests", "in_flight", "websockets")),
        f"{worker['memory'] / 1_048_576:.0f} MiB",
        str(worker["generation"]),
    )


def age(seconds: float) -> str:
    """Write how long something has been there.

    Example:
        >>> age(7), age(3723), age(200_000)
        ('7s', '1h 02m', '2d 07h')
    """
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m {whole % 60:02}s"
    if whole < 86_400:
        return f"{whole // 3600}h {whole // 60 % 60:02}m"
    return f"{whole // 86_400}d {whole // 3600 % 24:02}h"


def _live(project: Path) -> int:
    from rich.live import Live

    with Live(_tables(_states(project)), auto_refresh=False, screen=True) as live:
        while True:
            live.update(_tables(_states(project)), refresh=True)
            time.sleep(EVERY)


def _tables(found: list[dict[str, Any]]) -> RenderableType:
    from rich import box
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = []
    for state in found:
        table = Table(*_COLUMNS, box=box.SIMPLE_HEAD, header_style="bold")
        for worker in state["workers"]:
            table.add_row(*map(Text, cells(worker)))
        parts += [Text(headline(state)), table]
    return Group(*parts or [Text("No server of this project runs here.")])
