"""Migrations apply once and in order, stop with an explanation, and never lose data by surprise."""

from __future__ import annotations

import asyncio
import logging
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, MetaData, text

from tests.database.migrations.conftest import Revise
from zenith_server.database.engines import Database, PoolOptions
from zenith_server.database.migrations import Migrations, NewRevision
from zenith_server.errors import ProjectError

CREATE = 'op.create_table("t{0}", sa.Column("id", sa.Integer, primary_key=True))'
DROP = 'op.drop_table("t{0}")'


@pytest.fixture
def migrations(database: Database, folder: Path, revise: Revise) -> Migrations:
    for number in ("0001", "0002", "0003"):
        revise(number, CREATE.format(number), DROP.format(number))
    return Migrations(database, folder)


async def tables(database: Database) -> list[str]:
    def names(connection: Connection) -> list[str]:
        metadata = MetaData()
        metadata.reflect(connection)
        return sorted(metadata.tables.keys() - {"alembic_version"})

    async with database.reader().connect() as connection:
        return await connection.run_sync(names)


async def test_an_empty_database_is_behind(migrations: Migrations) -> None:
    found = await migrations.status()
    assert [revision.id for revision in found.pending] == ["0001", "0002", "0003"]


async def test_upgrade_applies_all_in_order(migrations: Migrations) -> None:
    run = await migrations.upgrade()
    assert [revision.id for revision in run.ran] == ["0001", "0002", "0003"]
    assert run.state.summary == "up to date at 0003_step"
    assert await tables(migrations.database) == ["t0001", "t0002", "t0003"]


async def test_a_second_upgrade_does_nothing(migrations: Migrations) -> None:
    await migrations.upgrade()
    assert (await migrations.upgrade()).ran == ()


@pytest.mark.parametrize(
    ("target", "expected"), [("0002", "0002"), ("0001_step", "0001"), ("+1", "0001")]
)
async def test_upgrade_stops_at_its_target(
    migrations: Migrations, target: str, expected: str
) -> None:
    assert (await migrations.upgrade(target)).state.current == (expected,)


@pytest.mark.parametrize(("target", "left"), [("-1", ("0002",)), ("0001", ("0001",)), ("base", ())])
async def test_downgrade_undoes_down_to_its_target(
    migrations: Migrations, target: str, left: tuple[str, ...]
) -> None:
    await migrations.upgrade()
    run = await migrations.downgrade(target)
    assert run.state.current == left
    assert len(await tables(migrations.database)) == len(run.state.applied)


@pytest.mark.parametrize("target", ["0004", "base", "head1", "+x", "-1", "+0"])
async def test_an_unknown_target_is_said(migrations: Migrations, target: str) -> None:
    with pytest.raises(ProjectError, match=r'There is no revision "'):
        await migrations.upgrade(target)


async def test_more_steps_than_revisions_are_not_begun(migrations: Migrations) -> None:
    with pytest.raises(ProjectError, match="No revision is left to undo"):
        await migrations.downgrade("-1")
    with pytest.raises(ProjectError, match="Only 3 of 4 revisions are left to apply"):
        await migrations.upgrade("+4")
    assert (await migrations.status()).current == ()


async def test_what_is_not_applied_is_no_place_to_go_back_to(migrations: Migrations) -> None:
    await migrations.upgrade("0001")
    with pytest.raises(ProjectError, match="The database does not have 0002_step"):
        await migrations.downgrade("0002")


async def test_the_history_needs_no_database(folder: Path, revise: Revise) -> None:
    revise("0001")
    history = Migrations(Database("postgresql://nowhere.invalid/x"), folder).history()
    assert [revision.name for revision in history] == ["0001_step"]


async def test_no_folder_has_no_migrations(on_sqlite: Migrations) -> None:
    assert (await on_sqlite.upgrade()).state.state == "no migrations"


async def test_two_heads_are_reported_with_what_to_do(
    on_sqlite: Migrations, revise: Revise
) -> None:
    revise("0001")
    revise("0002")
    revise("0003", down="0001")
    with pytest.raises(ProjectError) as caught:
        await on_sqlite.status()
    assert "The migrations have 2 heads: 0002_step, 0003_step" in str(caught.value)
    assert "  * Merge them into one: zenith-server db merge" in str(caught.value)
    assert 'Or in 0003_step.py, let the first revision of its branch follow "0002"' in str(
        caught.value
    )


async def test_two_heads_are_merged(migrations: Migrations, revise: Revise) -> None:
    await migrations.upgrade()
    revise("0004", down="0002")
    made = migrations.merge("Both!")
    assert made.file
    assert 'down_revision = ("0003", "0004")' in made.file.read_text()
    run = await migrations.upgrade()
    assert [revision.name for revision in run.ran] == ["0004_step", "0005_both"]
    assert migrations.merge() == NewRevision(None)


async def test_a_script_does_what_an_upgrade_does(migrations: Migrations) -> None:
    await migrations.upgrade("0001")
    script = await migrations.script("0003", since="0001_step")
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    async with migrations.database.engine().connect() as connection:
        for statement in "".join(lines).split(";"):
            if statement.strip() and statement not in ("BEGIN", "COMMIT"):
                await connection.exec_driver_sql(statement)
        await connection.commit()
    assert (await migrations.status()).state == "up to date"
    assert await tables(migrations.database) == ["t0001", "t0002", "t0003"]


async def test_a_script_of_all_needs_no_database(folder: Path, revise: Revise) -> None:
    revise(
        "0001", 'op.execute(sa.table("t", sa.column("c", sa.String)).insert().values(c="it\'s"))'
    )
    script = await Migrations(Database("postgresql://nowhere/x"), folder).script()
    assert "INSERT INTO t (c) VALUES ('it''s');" in script
    assert "CREATE TABLE alembic_version" in script


async def test_what_a_script_cannot_say_is_named(on_sqlite: Migrations, revise: Revise) -> None:
    revise("0001", 'list(op.get_bind().execute(sa.text("SELECT 1")))')
    with pytest.raises(ProjectError) as caught:
        await on_sqlite.script()
    assert str(caught.value).startswith(
        "0001_step cannot be written as a script\n  at migrations/0001_step.py:11\n"
    )


async def test_a_database_that_is_ahead_is_served_with_a_warning(
    on_sqlite: Migrations, revise: Revise, caplog: pytest.LogCaptureFixture
) -> None:
    revise("0001")
    newer = revise("0002")
    await on_sqlite.upgrade()
    newer.unlink()
    with caplog.at_level(logging.WARNING, "zenith_server.migrations"):
        run = await on_sqlite.upgrade()
    assert run.state.state == "ahead"
    assert "The database is at revision 0002, which this code does not know" in caplog.text


async def test_a_database_that_is_ahead_is_not_downgraded(
    on_sqlite: Migrations, revise: Revise
) -> None:
    revise("0001")
    newer = revise("0002")
    await on_sqlite.upgrade()
    newer.unlink()
    with pytest.raises(ProjectError, match="which this code does not know"):
        await on_sqlite.downgrade("base")


async def test_a_failing_revision_is_explained(migrations: Migrations, revise: Revise) -> None:
    file = revise("0002", 'op.execute("INSERT INTO nowhere VALUES (1)")')
    with pytest.raises(ProjectError) as caught:
        await migrations.upgrade()
    said = str(caught.value)
    assert said.startswith(f"Revision 0002_step failed\n  at migrations/{file.name}:11\n\n")
    assert "nowhere" in said
    assert "The statement was: INSERT INTO nowhere VALUES (1)" in said
    assert "Revisions that were finished before it, in this run: 0001_step." in said
    assert "Correct the revision, then start again" in said


async def test_what_came_before_a_failure_is_kept_and_the_rest_runs_after_the_fix(
    migrations: Migrations, revise: Revise
) -> None:
    revise("0002", f'{CREATE.format("0002")}; op.execute("nonsense")')
    with pytest.raises(ProjectError):
        await migrations.upgrade()
    assert (await migrations.status()).current == ("0001",)
    # MySQL commits each statement of DDL at once.
    kept = [] if migrations.database.url.backend == "mysql" else [CREATE.format("0002")]
    revise("0002", *kept)
    assert (await migrations.upgrade()).state.state == "up to date"


async def test_mysql_is_said_to_keep_half_of_it(
    mysql_url: str, folder: Path, revise: Revise
) -> None:
    revise("0001", 'op.execute("nonsense")')
    async with Database(mysql_url).lifespan() as database:
        with pytest.raises(ProjectError, match="MySQL cannot roll back DDL"):
            await Migrations(database, folder).upgrade()


async def test_a_long_statement_is_cut_and_its_values_stay_hidden(
    on_sqlite: Migrations, revise: Revise
) -> None:
    statement = f"INSERT INTO nowhere VALUES (:secret) /* {'x' * 400} */"
    revise("0001", f'op.get_bind().execute(sa.text("{statement}"), {{"secret": "s3cret"}})')
    with pytest.raises(ProjectError) as caught:
        await on_sqlite.upgrade()
    assert "s3cret" not in str(caught.value)
    assert "xxx…" in str(caught.value)


async def test_a_mistake_in_python_is_placed_too(on_sqlite: Migrations, revise: Revise) -> None:
    file = revise("0001", "unknown_name()")
    with pytest.raises(ProjectError) as caught:
        await on_sqlite.upgrade()
    assert (
        f"  at migrations/{file.name}:11\n\nNameError: name 'unknown_name' is not defined."
        in str(caught.value)
    )


async def test_a_revision_that_cannot_be_imported_is_placed(
    on_sqlite: Migrations, revise: Revise
) -> None:
    file = revise("0001")
    file.write_text(f"{file.read_text()}\nimport no_such_module\n")
    with pytest.raises(ProjectError) as caught:
        await on_sqlite.upgrade()
    assert f"The migrations failed\n  at migrations/{file.name}:17\n" in str(caught.value)


async def test_altering_a_table_deletes_no_rows_that_refer_to_it(
    on_sqlite: Migrations, revise: Revise
) -> None:
    revise(
        "0001",
        'op.execute("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)");'
        'op.execute("CREATE TABLE posts (user INTEGER REFERENCES users ON DELETE CASCADE)");'
        'op.execute("INSERT INTO users VALUES (1, NULL)");'
        'op.execute("INSERT INTO posts VALUES (1)")',
    )
    revise(
        "0002",
        'batch = op.batch_alter_table("users", recreate="always")\n'
        '    with batch as users:\n        users.alter_column("name", server_default="x")',
    )
    await on_sqlite.upgrade()
    async with on_sqlite.database.session() as session:
        assert await session.scalar(text("SELECT count(*) FROM posts")) == 1
        assert await session.scalar(text("PRAGMA foreign_keys")) == 1


async def test_a_revision_that_breaks_references_is_rolled_back(
    on_sqlite: Migrations, revise: Revise
) -> None:
    revise("0001", 'op.execute("CREATE TABLE users (id INTEGER PRIMARY KEY)")')
    revise(
        "0002",
        'op.execute("CREATE TABLE posts (user INTEGER REFERENCES users)");'
        'op.execute("INSERT INTO posts VALUES (7)")',
    )
    with pytest.raises(ProjectError, match="Rows of posts refer to rows that are not there"):
        await on_sqlite.upgrade()
    assert await tables(on_sqlite.database) == ["users"]


async def test_a_database_in_memory_can_be_migrated(folder: Path, revise: Revise) -> None:
    revise("0001", CREATE.format(1))
    async with Database("sqlite://").lifespan() as database:
        await Migrations(database, folder).upgrade()
        assert await tables(database) == ["t1"]


async def test_a_pool_of_one_connection_is_enough(
    postgres_url: str, folder: Path, revise: Revise
) -> None:
    revise("0001")
    async with Database(postgres_url, PoolOptions(size=1, overflow=0)).lifespan() as database:
        assert len((await Migrations(database, folder).upgrade()).ran) == 1


def test_two_databases_in_two_threads_do_not_meet(tmp_path: Path, revise: Revise) -> None:
    revise("0001", f"import time; time.sleep(0.1); {CREATE.format(1)}")
    ran: list[int] = []

    async def upgrade(name: str) -> None:
        async with Database(f"sqlite:///{tmp_path}/{name}.db").lifespan() as database:
            run = await Migrations(database, tmp_path / "migrations").upgrade()
            ran.append(len(run.ran))

    threads = [threading.Thread(target=asyncio.run, args=(upgrade(name),)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ran == [1, 1, 1]


async def test_an_unreachable_database_is_explained(
    folder: Path, revise: Revise, free_port: int
) -> None:
    revise("0001")
    url = f"postgresql://ann:s3cret@127.0.0.1:{free_port}/shop"
    async with Database(url).lifespan() as database:
        with pytest.raises(ProjectError, match="The database cannot be reached"):
            await Migrations(database, folder).upgrade()
