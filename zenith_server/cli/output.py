"""What commands print: tables for people, aligned text for pipes, JSON for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence

_RED, _PLAIN = "\033[31m", "\033[0m"


def print_json(value: object) -> None:
    """Print a value as JSON; what JSON does not know is written as text."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=_plain))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows under their columns: fitted to a terminal, never cut or coloured elsewhere."""
    found = [tuple(row) for row in rows]
    if sys.stdout.isatty():
        _rich_table(columns, found)
        return
    for row in (tuple(columns), *found):
        print(_aligned(row, _widths([tuple(columns), *found])))


def complain(text: str) -> None:
    """Print what went wrong on standard error, its first line in red on a terminal."""
    first, newline, rest = text.partition("\n")
    coloured = sys.stderr.isatty() and not os.environ.get("NO_COLOR")
    print(f"{_RED}{first}{_PLAIN}{newline}{rest}" if coloured else text, file=sys.stderr)


def counted(number: int, noun: str) -> str:
    """Return a number with its noun.

    Example:
        >>> counted(1, "route"), counted(2, "route")
        ('1 route', '2 routes')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _plain(value: object) -> object:
    kind = type(value)
    of_struct = getattr(kind, "__struct_fields__", ())
    names = of_struct or getattr(kind, "__dataclass_fields__", ())
    return {name: getattr(value, name) for name in names} if names else str(value)


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    return [max(map(len, column)) for column in zip(*rows, strict=True)]


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
    return "  ".join(cells).rstrip()


def _rich_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*columns, box=box.SIMPLE_HEAD, header_style="bold")
    for row in rows:
        table.add_row(*(Text(cell, overflow="fold") for cell in row))
    Console().print(table)
