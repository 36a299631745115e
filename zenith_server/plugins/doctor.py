"""`zenith-server doctor`: asks what a start would ask, and what the database would give."""

from __future__ import annotations

from collections.abc import Iterable

from zenith_server.errors import Fault, ProjectError
from zenith_server.plan import Check, Plan
from zenith_server.plugin import Command, Plugin
from zenith_server.settings import Settings

Row = tuple[str, str, bool]


class Doctor(Plugin):
    """Asks, before a start, what the start would need."""

    name = "doctor"

    def commands(self) -> Iterable[Command]:
        """Return the command."""
        return (Command("doctor", doctor),)


async def doctor(*, json: bool = False, settings: Settings, plan: Plan) -> int:
    """Ask the database and everything else that health depends on, and say what is wrong.

    Args:
        json: Print JSON.
        settings: The project's settings.
        plan: What would be served.
    """
    rows: list[Row] = [("environment", settings.environment.name, True)]
    rows += [await _asked(check) for check in plan.checks]
    rows += await _pools(settings, plan)
    print(_as_json(rows) if json else "\n".join(map(_line, rows)))  # noqa: T201 - a command
    failing = [row for row in rows if not row[2]]
    if failing and not json:
        raise ProjectError(_unwell(failing))
    return int(bool(failing))


def _line(row: Row) -> str:
    name, note, well = row
    return f"{'ok  ' if well else 'FAIL'}  {name}: {note}"


def _as_json(rows: list[Row]) -> str:
    from json import dumps

    return dumps([dict(zip(("check", "note", "ok"), row, strict=True)) for row in rows], indent=2)


def _unwell(failing: list[Row]) -> Fault:
    where = tuple(f"{name}: {note}" for name, note, _ in failing)
    fix = "Correct what is marked; readiness would answer 503 because of it."
    return Fault("Not all is well", where, fixes=(fix,))


async def _asked(check: Check) -> Row:
    try:
        return check.name, await check.call(), True
    except Exception as error:  # noqa: BLE001 - any failure of a check is its result
        return check.name, f"{type(error).__name__}: {error}".splitlines()[0], False


async def _pools(settings: Settings, plan: Plan) -> list[Row]:
    """How many connections the workers may open, against what each server gives."""
    provider = next((p for p in plan.providers if p.types[:1] == (_DATABASES,)), None)
    databases = provider.make()() if provider else None
    rows: list[Row] = []
    for database in databases.used if databases else ():
        from zenith_server.database.pool import capacity

        async with database.lifespan():
            found = await capacity(database, settings.server.workers)
        if found is not None:
            label = "connections" if database.name == "default" else f"{database.name} connections"
            rows.append((label, *found))
    return rows


_DATABASES = "zenith_server.database.databases.Databases"
