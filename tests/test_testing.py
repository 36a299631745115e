"""`zenith_server.testing`: the client, and what pytest gains, seen from runs of real pytest."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.processes import environment
from tests.servers import fetch_value, run_apart
from zenith_server import Zenith
from zenith_server.testing import client

INI = """
[pytest]
asyncio_mode = auto
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""
CONFTEST = 'pytest_plugins = ["zenith_server.testing"]\n'
NOTES = {
    "pytest.ini": INI,
    "tests/conftest.py": CONFTEST,
    "models/note.py": """
        from sqlalchemy import String
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

        class Base(DeclarativeBase): ...

        class Note(Base):
            __tablename__ = "notes"
            id: Mapped[int] = mapped_column(primary_key=True)
            text: Mapped[str] = mapped_column(String(20))
        """,
    "routes/notes.py": """
        from models.note import Note
        from sqlalchemy import func, select
        from zenith_server import DB

        async def post(text: str, session=DB) -> int:
            session.add(Note(text=text))
            await session.flush()
            if text == "bad":
                raise RuntimeError(text)
            return await session.scalar(select(func.count(Note.id)))

        async def get(session=DB) -> int:
            return await session.scalar(select(func.count(Note.id)))
        """,
}
Project = Callable[[Mapping[str, str]], Path]


def run(folder: Path, **variables: str) -> str:
    """Run the tests of a project and return what pytest says."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_what_requests_commit_is_undone_after_each_test(
    kind: str, project: Project, request: pytest.FixtureRequest
) -> None:
    test = """
        import asyncio
        import pytest
        from models.note import Note
        from sqlalchemy import func, select

        @pytest.mark.parametrize("turn", range(3))
        async def test_notes(client, session, turn):
            assert (await client.post("/notes?text=a")).text == "1"
            session.add(Note(text="mine"))
            await session.commit()
            assert (await client.get("/notes")).text == "2"
            assert (await client.post("/notes?text=bad")).status_code == 500
            await asyncio.gather(*(client.post("/notes?text=b") for _ in range(5)))
            assert await session.scalar(select(func.count(Note.id))) == 7
        """
    folder = project({**NOTES, "tests/test_notes.py": test})
    variables: dict[str, str] = {}
    if kind == "postgresql":
        variables = {"DATABASE_URL": request.getfixturevalue("postgres_url")}
    assert "3 passed" in run(folder, **variables)
    if kind == "postgresql":
        url = variables["DATABASE_URL"]
        assert run_apart(fetch_value(url, "SELECT count(*) FROM notes")) == 0
    else:
        assert not (folder / "data").exists()


def test_services_are_new_for_each_test(project: Project) -> None:
    files = {
        "pytest.ini": INI,
        "tests/conftest.py": CONFTEST,
        "services/counter.py": """
            class Counter:
                def __init__(self) -> None:
                    self.number = 0
            """,
        "routes/index.py": """
            from services.counter import Counter

            async def get(counter: Counter) -> int:
                counter.number += 1
                return counter.number
            """,
        "tests/test_counter.py": """
            import sys
            import pytest
            from services.counter import Counter

            @pytest.mark.parametrize("turn", range(2))
            async def test_it_counts(client, zenith_app, turn):
                assert (await client.get("/")).text == "1"
                assert zenith_app.get(Counter).number == 1
                assert "sqlalchemy" not in sys.modules
            """,
    }
    assert "2 passed" in run(project(files))


def test_without_a_database_a_session_is_refused(project: Project) -> None:
    files = {
        "pytest.ini": INI,
        "tests/conftest.py": CONFTEST,
        "routes/index.py": "async def get() -> int: return 1",
        "tests/test_session.py": "async def test_session(session): ...",
    }
    said = run(project(files))
    assert "The project uses no database" in said
    assert "1 error" in said


def test_a_faulty_project_is_one_message(project: Project) -> None:
    files = {"pytest.ini": INI, "tests/conftest.py": CONFTEST, "zenith.yaml": "sever: {}\n"}
    said = run(project(files))
    assert 'Did you mean "server"?' in said
    assert "Traceback" not in said


FIRST = """
    from alembic import op

    revision = "0001"
    down_revision = None

    def upgrade():
        op.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text VARCHAR(20))")
        op.execute("INSERT INTO notes VALUES (7, 'from a migration')")

    def downgrade(): ...
"""


@pytest.mark.parametrize("on_start", ["auto", "check", "off"])
def test_migrations_run_before_the_tests(project: Project, on_start: str) -> None:
    """The tables come from the revisions then, not from the models, and what they fill is there."""
    files = NOTES | {
        "zenith.yaml": f"migrations: {{on_start: '{on_start}'}}\n",
        "migrations/0001_notes.py": FIRST,
        "tests/test_notes.py": """
            async def test_get(client):
                assert (await client.get("/notes")).text == "1"
            """,
    }
    assert "1 passed" in run(project(files))


VISITS = """
    import sqlalchemy as sa
    from alembic import op

    revision = "0001"
    down_revision = None

    def upgrade():
        op.create_table("visits", sa.Column("id", sa.Integer(), primary_key=True))

    def downgrade(): ...
"""
ANALYTICS = NOTES | {
    "models/analytics/visit.py": """
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

        class Base(DeclarativeBase): ...

        class Visit(Base):
            __tablename__ = "visits"
            id: Mapped[int] = mapped_column(primary_key=True)
        """,
    "routes/visits.py": """
        from models.analytics.visit import Visit
        from models.note import Note
        from sqlalchemy import func, select
        from zenith_server import DB

        async def post(main=DB, session=DB["analytics"]) -> int:
            session.add(Visit())
            main.add(Note(text="visited"))
            await session.flush()
            return await session.scalar(select(func.count(Visit.id)))
        """,
    "tests/test_visits.py": """
        import pytest
        from models.analytics.visit import Visit
        from models.note import Note
        from sqlalchemy import func, inspect, select

        @pytest.mark.parametrize("turn", range(2))
        async def test_visits(client, session, sessions, turn):
            assert (await client.post("/visits")).text == "1"
            assert sessions["default"] is session
            assert await session.scalar(select(func.count(Note.id))) == 1
            assert await sessions["analytics"].scalar(select(func.count(Visit.id))) == 1

        async def test_each_has_its_own_tables(sessions):
            for name, table in (("default", "notes"), ("analytics", "visits")):
                connection = await sessions[name].connection()
                names = await connection.run_sync(lambda c: inspect(c).get_table_names())
                assert [each for each in names if "alembic" not in each] == [table]
        """,
}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql", "mariadb"])
@pytest.mark.parametrize("is_migrated", [False, True])
def test_each_database_has_its_own_tables_and_forgets(
    kind: str, is_migrated: bool, project: Project, request: pytest.FixtureRequest
) -> None:
    def new() -> str:
        if kind == "sqlite":
            return "sqlite:///analytics.sqlite3"
        name = "new_postgres_url" if kind == "postgresql" else "new_mysql_url"
        return str(request.getfixturevalue(name)())

    urls = {} if kind == "sqlite" else {"DATABASE_URL": new()}
    revisions = {"migrations/analytics/0001_visits.py": VISITS} if is_migrated else {}
    yaml = {"zenith.yaml": f"databases: {{analytics: {{url: '{new()}'}}}}\n"}
    assert "3 passed" in run(project({**ANALYTICS, **yaml, **revisions}), **urls)


async def test_a_client_of_a_folder(project: Project) -> None:
    folder = project({"routes/index.py": "async def get(name: str) -> str: return name"})
    async with client(folder) as http:
        assert (await http.get("/", params={"name": "Ada"})).json() == "Ada"


async def test_a_client_of_an_app_in_code(tmp_path: Path) -> None:
    app = Zenith(tmp_path)

    @app.get("/")
    async def index() -> str:
        return "hello"

    async with client(app) as http:
        assert (await http.get("/")).json() == "hello"


async def test_an_app_that_does_not_start_says_why(project: Project) -> None:
    folder = project(
        {
            "app.py": """
                from zenith_server import Zenith
                app = Zenith()

                @app.on_startup
                def fail():
                    raise RuntimeError("the disk is full")
                """
        }
    )
    with pytest.raises(RuntimeError, match="the disk is full"):
        async with client(folder):
            raise AssertionError


async def test_an_app_that_falls_over_is_raised() -> None:
    async def app(scope: object, receive: object, send: object) -> None:
        raise ValueError("no lifespan here")

    with pytest.raises(ValueError, match="no lifespan here"):
        async with client(app):
            raise AssertionError


def test_a_missing_library_is_named_with_its_install_line() -> None:
    code = "import sys; sys.modules['httpx2'] = None; import zenith_server.testing"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment({}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "zenith_server.testing needs httpx2: pip install 'zenith-server[test]'" in done.stderr
