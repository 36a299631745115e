"""The review tells what is dangerous for a table in use, and what is not."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, text

from tests.database.migrations.conftest import Revise
from zenith_server.database.engines import Database
from zenith_server.database.migrations import Finding, Migrations
from zenith_server.errors import ProjectError

NOT_NULL = 'op.alter_column("t", "c", nullable=False)'
BATCH = 'with op.batch_alter_table("t") as t:\n        '
CONCURRENTLY = 'op.create_index("ix", "t", ["c"], postgresql_concurrently=True)'
AUTOCOMMIT = "with op.get_context().autocommit_block():\n        "

DANGEROUS = [
    ('op.add_column("t", sa.Column("c", sa.Integer, nullable=False))', "required column"),
    (BATCH + 't.add_column(sa.Column("c", sa.Integer, nullable=False))', "required column"),
    ('op.add_column("t", sa.Column("c", sa.Uuid, server_default=sa.func.random()))', "filled"),
    ('op.add_column("t", sa.Column("c", sa.Integer, sa.Computed("a + 1")))', "filled column"),
    ('op.add_column("t", sa.Column("c", sa.ForeignKey("u.id")))', "foreign key"),
    ('op.add_column("t", sa.Column("c", sa.Integer, unique=True))', "unique"),
    ('op.add_column("t", sa.Column("c", sa.Integer, index=True))', "index"),
    ('op.create_index("ix", "t", ["c"])', "index"),
    (BATCH + 't.create_index("ix", ["c"])', "index"),
    (CONCURRENTLY, "concurrent index"),
    ('op.drop_index("ix", "t", postgresql_concurrently=True)', "concurrent index"),
    ('op.create_unique_constraint("u", "t", ["c"])', "unique"),
    ('op.create_foreign_key("f", "t", "u", ["c"], ["id"])', "foreign key"),
    ('op.create_check_constraint("k", "t", "c > 0")', "check"),
    ('op.create_primary_key("p", "t", ["c"])', "primary key"),
    ('op.create_exclude_constraint("e", "t", ("c", "="))', "exclude"),
    ('op.alter_column("t", "c", type_=sa.Text, existing_type=sa.Integer)', "type"),
    ('op.alter_column("t", "c", type_=sa.String(9), existing_type=sa.String(10))', "type"),
    ('op.alter_column("t", "c", new_column_name="d")', "rename column"),
    (NOT_NULL, "not null"),
    ('op.rename_table("t", "u")', "rename table"),
    ('op.drop_column("t", "c")', "drop column"),
    ('op.drop_table("t")', "drop table"),
    ('op.drop_table("t", schema="s")', "drop table"),
    ('op.drop_constraint("p", "t", type_="primary")', "drop primary key"),
    ('op.add_column("t", sa.Column("c", sa.JSON))', "json"),
    ('op.execute("ALTER TABLE t ADD c json")', "json"),
    ("op.execute(\"ALTER TYPE mood ADD VALUE 'glad'\")", "enum value"),
    ("op.execute(\"ALTER TYPE mood RENAME VALUE 'sad' TO 'low'\")", "rename value"),
    ('op.execute("ALTER SCHEMA s RENAME TO r")', "rename schema"),
    ('op.execute("DROP SCHEMA s CASCADE")', "drop schema"),
    ('op.execute("ALTER DOMAIN d ADD CONSTRAINT k CHECK (VALUE > 0)")', "domain"),
    ('op.execute("LOCK TABLE t")', "lock"),
    ('op.execute("VACUUM FULL t")', "rewrite"),
    ('op.execute("VACUUM (VERBOSE, FULL) t")', "rewrite"),
    ('op.execute("CLUSTER t USING ix")', "rewrite"),
    ('op.execute("VACUUM ANALYZE t")', "vacuum"),
    ('op.execute("REINDEX TABLE t")', "reindex"),
    ('op.execute("REINDEX TABLE CONCURRENTLY t")', "vacuum"),
    ('op.execute("REFRESH MATERIALIZED VIEW v")', "refresh"),
    ('op.execute("TRUNCATE t CASCADE")', "truncate"),
    ('op.execute("UPDATE t SET c = 1")', "all rows"),
    ('op.execute("DELETE FROM t")', "all rows"),
    ('op.drop_constraint("k", "t"); op.execute("UPDATE t SET c = 1 WHERE c = 2")', "backfill"),
    (
        'op.execute("ALTER TABLE t ADD c int; ".strip("; ")); op.execute("DELETE FROM u")',
        "backfill",
    ),
    (
        (
            'op.create_check_constraint("k", "t", "c > 0", postgresql_not_valid=True); '
            'op.execute("ALTER TABLE t VALIDATE CONSTRAINT k")'
        ),
        "validate at once",
    ),
]
SAFE = [
    'op.add_column("t", sa.Column("c", sa.Integer))',
    'op.add_column("t", sa.Column("c", sa.Integer, nullable=False, server_default="0"))',
    'op.add_column("t", sa.Column("c", sa.DateTime, server_default=sa.func.now()))',
    AUTOCOMMIT + CONCURRENTLY,
    'op.create_foreign_key("f", "t", "u", ["c"], ["id"], postgresql_not_valid=True)',
    'op.create_check_constraint("k", "t", "c > 0", postgresql_not_valid=True)',
    'op.alter_column("t", "c", type_=sa.Text, existing_type=sa.String(10))',
    'op.alter_column("t", "c", type_=sa.String(80), existing_type=sa.String(10))',
    'op.alter_column("t", "c", server_default="1")',
    'op.execute("ALTER TABLE t VALIDATE CONSTRAINT c_there"); ' + NOT_NULL,
    'op.drop_index("ix", "t")',
    'op.drop_constraint("u", "t")',
    'op.create_table("u", sa.Column("id", sa.Integer)); op.create_index("ix", "u", ["id"])',
    (
        'op.create_table("u", sa.Column("id", sa.Integer)); op.rename_table("u", "v"); '
        'op.drop_table("v")'
    ),
    'rows = op.create_table("u", sa.Column("id", sa.Integer)); op.bulk_insert(rows, [{"id": 1}])',
    'sa.Enum("a", "b", name="mood").create(op.get_bind(), checkfirst=True)',
    '[row for row in op.get_bind().execute(sa.text("SELECT 1"))]',
    'op.get_bind().scalar(sa.text("SELECT 1")); op.get_bind().scalars(sa.text("SELECT 1")).all()',
    'op.create_table_comment("t", "of tea")',
    'op.execute("UPDATE t SET c = 1 WHERE c = 2")',
    AUTOCOMMIT + 'op.execute("VACUUM t"); op.execute("REINDEX INDEX CONCURRENTLY ix")',
    AUTOCOMMIT + "op.execute(\"ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad'\")",
    'op.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY v")',
    'op.create_table("u", sa.Column("c", sa.Integer)); op.execute("UPDATE u SET c = 1")',
    'op.add_column("t", sa.Column("c", sa.dialects.postgresql.JSONB))',
    (
        'op.add_column("t", sa.Column("c", sa.Integer))\n    '
        + AUTOCOMMIT
        + 'op.execute("UPDATE t SET c = 1 WHERE c IS NULL")'
    ),
]


async def found(
    url: str, folder: Path, metadata: list[MetaData] | None = None
) -> tuple[Finding, ...]:
    migrations = Migrations(Database(url), folder, metadata or [])
    return await migrations.review(migrations.history())


@pytest.mark.parametrize(("upgrade", "kind"), DANGEROUS)
async def test_danger_is_told(upgrade: str, kind: str, folder: Path, revise: Revise) -> None:
    file = revise("0001", upgrade)
    (finding,) = await found("postgresql://nowhere/x", folder)
    line = 12 if upgrade.startswith(BATCH) else 11
    assert finding.kind.startswith(kind)
    assert finding.dangerous
    assert finding.fault.where == (f"migrations/{file.name}:{line}",)
    assert finding.fault.fixes[-1] == 'If it is safe here, let the revision say why: reviewed = "…"'
    assert "{" not in str(finding.fault)


@pytest.mark.parametrize("upgrade", SAFE)
async def test_what_is_safe_is_not_told(upgrade: str, folder: Path, revise: Revise) -> None:
    revise("0001", upgrade)
    assert await found("postgresql://nowhere/x", folder) == ()


@pytest.mark.parametrize(
    ("upgrade", "kinds"),
    [
        ('op.alter_column("t", "c", type_=sa.Text, existing_type=sa.String(10))', ["type"]),
        ('op.alter_column("t", "c", type_=sa.String(60), existing_type=sa.String(10))', []),
        ('op.create_index("ix", "t", ["c"])', []),
        ('op.create_foreign_key("f", "t", "u", ["c"], ["id"])', ["foreign key"]),
        ('op.drop_column("t", "c")', ["drop column"]),
    ],
)
async def test_mysql_has_dangers_of_its_own(
    upgrade: str, kinds: list[str], folder: Path, revise: Revise
) -> None:
    revise("0001", upgrade)
    assert [finding.kind for finding in await found("mysql://nowhere/x", folder)] == kinds


async def test_sqlite_has_no_big_tables_but_old_versions(folder: Path, revise: Revise) -> None:
    revise("0001", 'op.create_index("ix", "t", ["c"]); op.drop_column("t", "c")')
    assert [each.kind for each in await found("sqlite:///x", folder)] == ["drop column"]


async def test_tables_of_earlier_pending_revisions_are_safe_too(
    folder: Path, revise: Revise
) -> None:
    revise("0001", 'op.create_table("t", sa.Column("id", sa.Integer))')
    revise("0002", 'op.create_index("ix", "t", ["id"])')
    assert await found("postgresql://nowhere/x", folder) == ()


async def test_concurrently_in_a_transaction_fails_on_a_new_table_too(
    folder: Path, revise: Revise
) -> None:
    revise("0001", f'op.create_table("t", sa.Column("c", sa.Integer)); {CONCURRENTLY}')
    assert [each.kind for each in await found("postgresql://nowhere/x", folder)] == [
        "concurrent index"
    ]


async def test_a_drop_that_the_models_still_use_is_said(folder: Path, revise: Revise) -> None:
    metadata = MetaData()
    Table("t", metadata, Column("c", Integer))
    revise("0001", 'op.drop_column("t", "c"); op.drop_column("t", "d"); op.drop_table("t")')
    told = [each.fault.what for each in await found("postgresql://nowhere/x", folder, [metadata])]
    assert told == [
        "t.c is dropped, and the models still use it",
        "t.d is dropped",
        "t is dropped, and the models still use it",
    ]


async def test_a_revision_that_says_why_it_is_safe_is_believed(
    folder: Path, revise: Revise
) -> None:
    file = revise("0001", 'op.drop_table("t")')
    file.write_text(f'{file.read_text()}\nreviewed = "empty since May"\n')
    assert await found("postgresql://nowhere/x", folder) == ()


async def test_an_empty_reason_is_none(folder: Path, revise: Revise) -> None:
    file = revise("0001", 'op.drop_table("t")')
    file.write_text(f'{file.read_text()}\nreviewed = " "\n')
    assert len(await found("postgresql://nowhere/x", folder)) == 1


async def test_what_needs_its_database_is_reviewed_so_far(folder: Path, revise: Revise) -> None:
    revise("0001", 'op.drop_table("t"); sa.inspect(op.get_bind()).get_table_names()')
    dropped, unfinished = await found("postgresql://nowhere/x", folder)
    assert dropped.dangerous
    assert (unfinished.fault.what, unfinished.dangerous) == ("Not reviewed from here on", False)
    assert unfinished.fault.where == ("migrations/0001_step.py:11",)
    assert "NoInspectionAvailable" in unfinished.fault.why


async def test_statements_that_are_not_known_are_said_to_be_so(
    folder: Path, revise: Revise
) -> None:
    revise("0001", f'op.get_bind().exec_driver_sql("CALL {"x" * 200}")')
    (finding,) = await found("postgresql://nowhere/x", folder)
    assert not finding.dangerous
    assert finding.fault.what.startswith("Not reviewed: CALL xxx")
    assert finding.fault.what.endswith("x…")


async def test_nothing_is_executed(postgres_url: str, folder: Path, revise: Revise) -> None:
    revise("0001", 'op.execute("CREATE TABLE t (id int)")')
    async with Database(postgres_url).lifespan() as database:
        migrations = Migrations(database, folder)
        assert await migrations.review(migrations.history()) == ()
        assert (await migrations.upgrade()).state.state == "up to date"


async def test_the_safe_recipes_work_on_postgresql_and_pass(
    postgres_url: str, folder: Path, revise: Revise
) -> None:
    revise("0001", 'op.execute("CREATE TABLE t (id int, c int); ".strip("; "))')
    revise(
        "0002",
        "with op.get_context().autocommit_block():\n"
        '        op.create_index("u", "t", ["id"], unique=True, postgresql_concurrently=True)\n'
        '    op.execute("ALTER TABLE t ADD CONSTRAINT one UNIQUE USING INDEX u")',
    )
    revise(
        "0003",
        'op.execute("ALTER TABLE t ADD CONSTRAINT c_there CHECK (c IS NOT NULL) NOT VALID"); '
        'op.create_foreign_key("f", "t", "t", ["c"], ["id"], postgresql_not_valid=True)',
    )
    revise(
        "0004",
        'op.execute("ALTER TABLE t VALIDATE CONSTRAINT c_there"); '
        'op.alter_column("t", "c", nullable=False); op.drop_constraint("c_there", "t"); '
        'op.execute("ALTER TABLE t VALIDATE CONSTRAINT f")',
    )
    async with Database(postgres_url).lifespan() as database:
        migrations = Migrations(database, folder)
        await migrations.upgrade("0001")
        assert await migrations.review(migrations.after("0001")) == ()
        assert (await migrations.upgrade()).state.state == "up to date"


RECIPES = {
    "rows in batches": """
        op.add_column("t", sa.Column("new", sa.Integer))
        batch = "UPDATE t SET new = c WHERE id IN (SELECT id FROM t WHERE new IS NULL LIMIT 500)"
        with op.get_context().autocommit_block():
            while op.get_bind().execute(sa.text(batch)).rowcount:
                pass
    """,
    "a value of an enumeration": """
        with op.get_context().autocommit_block():
            op.execute("ALTER TYPE mood ADD VALUE IF NOT EXISTS 'glad'")
    """,
    "another primary key": """
        with op.get_context().autocommit_block():
            op.create_index("t_new", "t", ["c"], unique=True, postgresql_concurrently=True)
        op.execute("ALTER TABLE t ADD PRIMARY KEY USING INDEX t_new")
    """,
    "jsonb": """
        op.add_column("t", sa.Column("data", sa.JSON().with_variant(JSONB(), "postgresql")))
    """,
    "a constraint of a domain": """
        op.execute("ALTER DOMAIN positive ADD CONSTRAINT k CHECK (VALUE > 0) NOT VALID")
    """,
    "a view made anew": """
        with op.get_context().autocommit_block():
            op.execute("REFRESH MATERIALIZED VIEW CONCURRENTLY v")
    """,
    "an index built anew": """
        with op.get_context().autocommit_block():
            op.execute("REINDEX INDEX CONCURRENTLY v_id")
    """,
}


TABLES = (
    "CREATE TABLE t (id int, c int NOT NULL)",
    "INSERT INTO t SELECT n, n FROM generate_series(1, 1200) n",
    "CREATE TYPE mood AS ENUM ('sad')",
    "CREATE DOMAIN positive AS int",
    "CREATE MATERIALIZED VIEW v AS SELECT id FROM t",
    "CREATE UNIQUE INDEX v_id ON v (id)",
)


@pytest.mark.parametrize("name", RECIPES)
async def test_each_recipe_runs_on_postgresql_and_passes(
    postgres_url: str, folder: Path, revise: Revise, name: str
) -> None:
    for number, statement in enumerate(TABLES, 1):
        revise(f"{number:04}", f"op.execute({statement!r})")
    file = revise("0007", "pass")
    indented = dedent(RECIPES[name]).strip().replace("\n", "\n    ")
    imported = "from sqlalchemy.dialects.postgresql import JSONB\n"
    file.write_text(imported + file.read_text().replace("    pass", f"    {indented}", 1))
    async with Database(postgres_url).lifespan() as database:
        migrations = Migrations(database, folder)
        await migrations.upgrade("0006")
        assert await migrations.review(migrations.after("0006")) == ()
        assert (await migrations.upgrade()).state.state == "up to date"
        if name == "rows in batches":
            async with database.session("read") as session:
                left = text("SELECT count(*) FROM t WHERE new IS NULL")
                assert await session.scalar(left) == 0


async def test_a_revision_that_cannot_be_imported_is_placed(folder: Path, revise: Revise) -> None:
    file = revise("0001")
    file.write_text(f"{file.read_text()}\nimport no_such_module\n")
    with pytest.raises(ProjectError, match=r"The migrations failed\n  at migrations/0001_step"):
        await found("postgresql://nowhere/x", folder)
