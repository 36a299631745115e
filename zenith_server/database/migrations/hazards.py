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
_AUTOCOMMIT = "with op.get_context().autocommit_block():"
_BATCHES = (
    "Put it behind the transaction, or into a revision of its own, some thousand rows at a time:",
    f"{_AUTOCOMMIT} while op.get_bind().execute(sa.text(batch)).rowcount: pass",
    'batch = "UPDATE {table} SET … WHERE id IN (SELECT id FROM {table} WHERE … LIMIT 5000)"',
)
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
    "truncate": Hazard(
        "{table} is emptied",
        "The rows are gone, and the running version may need them.",
        ("If they shall go, delete them in batches in a later release.",),
    ),
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
    "validate at once": Hazard(
        "A constraint of {table} is checked in the transaction that added it",
        "The lock of the first statement is held while all rows are read.",
        (
            (
                'Put the check into the next revision: op.execute("ALTER TABLE {table} VALIDATE '
                'CONSTRAINT {name}")'
            ),
        ),
    ),
    "drop primary key": Hazard(
        "The primary key of {table} is dropped",
        "The running version, foreign keys and logical replication rely on it.",
        (
            (
                "Build a unique index on the new key CONCURRENTLY, then swap in one revision: drop "
                'the old key and op.execute("ALTER TABLE {table} ADD PRIMARY KEY USING INDEX …")'
            ),
        ),
    ),
    "json": Hazard(
        "{table}.{name} is of the type json",
        "It cannot be compared: SELECT DISTINCT and GROUP BY over the table fail from then on.",
        (
            (
                "Take jsonb: sqlalchemy.dialects.postgresql.JSONB, or "
                'sa.JSON().with_variant(JSONB(), "postgresql")'
            ),
        ),
    ),
    "enum value": Hazard(
        "A value is added to an enumeration inside of a transaction",
        "It cannot be used before that ends, and PostgreSQL before 12 refuses it.",
        (f"{_AUTOCOMMIT} op.execute(\"ALTER TYPE … ADD VALUE IF NOT EXISTS '…'\")",),
    ),
    "rename value": Hazard(
        "A value of an enumeration is renamed",
        _ROLLOUT,
        ("Add the new value, release code that reads both and writes it, then change the rows.",),
    ),
    "rename schema": Hazard(
        "The schema {name} is renamed",
        _ROLLOUT,
        ("Move to a new schema in steps, with views of the old names in between.",),
    ),
    "drop schema": Hazard("The schema {name} is dropped", _ROLLOUT, _LATER),
    "domain": Hazard(
        "A constraint is added to the domain {name} and checked at once",
        "PostgreSQL reads each table that has a column of it, and locks them all.",
        (
            (
                'In one revision: op.execute("ALTER DOMAIN {name} ADD CONSTRAINT … CHECK (…) NOT '
                'VALID")'
            ),
            'In the next: op.execute("ALTER DOMAIN {name} VALIDATE CONSTRAINT …")',
        ),
    ),
    "lock": Hazard(
        "{table} is locked by hand",
        "Nobody else can use it until the transaction ends.",
        ("Leave it to the statements, each of which takes the weakest lock that will do.",),
    ),
    "rewrite": Hazard(
        "{table} is written anew",
        "Nobody may read or write it until that is done.",
        ("Run pg_repack or pg_squeeze outside of the migrations.",),
    ),
    "reindex": Hazard(
        "An index of {table} is built anew",
        "Nobody may write to its table until it is built.",
        (f'{_AUTOCOMMIT} op.execute("REINDEX INDEX CONCURRENTLY …")',),
    ),
    "refresh": Hazard(
        "The materialised view {table} is made anew",
        "Nobody may read it until that is done.",
        (
            (
                "Give it a unique index, then: "
                'op.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY {table}")'
            ),
        ),
    ),
    "vacuum": Hazard(
        "VACUUM or CONCURRENTLY stands inside of a transaction",
        "PostgreSQL refuses that.",
        (f"Put it into: {_AUTOCOMMIT}",),
    ),
    "all rows": Hazard(
        "All rows of {table} are changed at once",
        "Each stays locked until the last one is done, and the table doubles in size.",
        _BATCHES,
    ),
    "backfill": Hazard(
        "Rows of {table} are changed in a transaction that has locked a table",
        "What the transaction has altered is locked until all rows are done.",
        _BATCHES,
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
