"""What is dangerous for a table in use, why, and how to do it instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from zenith_server.database.migrations.statements import Kind


@dataclass(frozen=True, slots=True)
class Hazard:
    """Why a kind of change is dangerous; `{table}` and `{name}` stand for what is changed.

    Args:
        what: what is done, in a sentence without a full stop.
        why: what comes of it.
        recipe: how to reach the same without that.
    """

    what: str
    why: str
    recipe: tuple[str, ...]


_ROLLOUT = "During a rollout the running version still uses it, and fails from then on."
_LATER = ("First release code that does not use it, and drop it in a later revision.",)
_NEW_TABLE = (
    "Make a view of the new name, release code that uses it, and rename in a later revision."
)
_NEW_COLUMN = (
    "Add a column beside it, write both from the code, and fill the rows that exist in batches.",
    "Read from the new column in the next release; drop the old one in a revision after that.",
)
_VALIDATED_LATER = (
    "Add it unchecked in one revision: {how}",
    'Check the rows in the next one: op.execute("ALTER TABLE {table} VALIDATE CONSTRAINT {name}")',
)
_SCANNED = "PostgreSQL reads the whole table for it, and nobody may write to it meanwhile."
_COPIED = "MySQL copies the whole table for it, and nobody may write to it meanwhile."
_TOOL = ("Change a large table with gh-ost or pt-online-schema-change.",)

ANYWHERE: Mapping[Kind, Hazard] = {
    "required column": Hazard(
        "{table}.{name} is added without a value for rows",
        "Rows that exist have none, and those that the running version inserts have none either.",
        (
            "Give it a server default: server_default=…",
            "Or add it nullable, fill it in batches, and set NOT NULL in a later revision.",
        ),
    ),
    "rename column": Hazard("{table}.{name} is renamed", _ROLLOUT, _NEW_COLUMN),
    "rename table": Hazard("{table} is renamed", _ROLLOUT, (_NEW_TABLE,)),
    "drop column": Hazard("{table}.{name} is dropped", _ROLLOUT, _LATER),
    "drop table": Hazard("{table} is dropped", _ROLLOUT, _LATER),
}

POSTGRESQL: Mapping[Kind, Hazard] = {
    "filled column": Hazard(
        "{table} is written anew to add {name}",
        "PostgreSQL computes a value for each row, and nobody may read or write meanwhile.",
        ("Add it nullable and without a default, then set the default, then fill it in batches.",),
    ),
    "type": Hazard(
        "{table}.{name} gets another type",
        "PostgreSQL writes the whole table anew for most types, and nobody may read or write "
        "meanwhile.",
        _NEW_COLUMN,
    ),
    "not null": Hazard(
        "{table}.{name} becomes NOT NULL",
        "PostgreSQL reads the whole table to see that no value is missing, and nobody may read or "
        "write meanwhile.",
        (
            (
                'In one revision: op.execute("ALTER TABLE {table} ADD CONSTRAINT {name}_there '
                'CHECK ({name} IS NOT NULL) NOT VALID")'
            ),
            (
                'At the start of the next: op.execute("ALTER TABLE {table} VALIDATE CONSTRAINT '
                '{name}_there"); then set NOT NULL, which looks at no row, and drop the constraint.'
            ),
        ),
    ),
    "index": Hazard(
        "An index is built on {table}",
        "Nobody may write to the table until it is built.",
        (
            (
                "Build it beside the traffic: with op.get_context().autocommit_block(): "
                "op.create_index(…, postgresql_concurrently=True)"
            ),
        ),
    ),
    "concurrent index": Hazard(
        "CONCURRENTLY stands inside of a transaction",
        "PostgreSQL refuses that.",
        ("Put it into: with op.get_context().autocommit_block():",),
    ),
    "unique": Hazard(
        "A unique constraint is added to {table}",
        "Its index is built at once, and nobody may read or write until it is.",
        (
            (
                "Build a unique index first: with op.get_context().autocommit_block(): "
                "op.create_index(…, unique=True, postgresql_concurrently=True)"
            ),
            'Then: op.execute("ALTER TABLE {table} ADD CONSTRAINT … UNIQUE USING INDEX …")',
        ),
    ),
    "primary key": Hazard(
        "A primary key is added to {table}",
        "Its index is built at once, and nobody may read or write until it is.",
        (
            (
                "Build a unique index CONCURRENTLY first, then: "
                'op.execute("ALTER TABLE {table} ADD CONSTRAINT … PRIMARY KEY USING INDEX …")'
            ),
        ),
    ),
    "foreign key": Hazard(
        "A foreign key is added to {table} and checked at once",
        "PostgreSQL looks up each row, and nobody may write to either table meanwhile.",
        tuple(
            each.replace("{how}", "op.create_foreign_key(…, postgresql_not_valid=True)")
            for each in _VALIDATED_LATER
        ),
    ),
    "check": Hazard(
        "A check is added to {table} and made at once",
        _SCANNED,
        tuple(
            each.replace("{how}", "op.create_check_constraint(…, postgresql_not_valid=True)")
            for each in _VALIDATED_LATER
        ),
    ),
    "exclude": Hazard(
        "An exclusion constraint is added to {table}",
        "Its index is built at once, and nobody may read or write until it is.",
        ("There is no other way: choose a quiet hour.",),
    ),
}

MYSQL: Mapping[Kind, Hazard] = {
    "type": Hazard("{table}.{name} gets another type", _COPIED, (*_NEW_COLUMN, *_TOOL)),
    "foreign key": Hazard("A foreign key is added to {table}", _COPIED, _TOOL),
    "check": Hazard("A check is added to {table}", _COPIED, _TOOL),
    "primary key": Hazard("A primary key is added to {table}", _COPIED, _TOOL),
}

HAZARDS: Mapping[str, Mapping[Kind, Hazard]] = {
    "postgresql": {**ANYWHERE, **POSTGRESQL},
    "mysql": {**ANYWHERE, **MYSQL},
    "sqlite": ANYWHERE,
}
