"""Any common spelling of a database URL works, or is explained without its secrets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import make_url, text

from zenith_server.database.address import mask
from zenith_server.database.engines import Database
from zenith_server.database.url import DatabaseURL, normalise
from zenith_server.errors import ProjectError

ROOT = Path("/srv/shop")


def url(raw: str) -> DatabaseURL:
    return normalise(raw, root=ROOT, origin="DATABASE_URL")


def message(raw: str) -> str:
    with pytest.raises(ProjectError) as caught:
        url(raw)
    return str(caught.value)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("postgres://ann@db/shop", "postgresql+asyncpg://ann@db/shop"),
        ("postgresql://db:5433/shop", "postgresql+asyncpg://db:5433/shop"),
        ("POSTGRESQL://db", "postgresql+asyncpg://db"),
        ("  postgresql://db/shop\n", "postgresql+asyncpg://db/shop"),
        ("postgresql+psycopg2://db/shop", "postgresql+asyncpg://db/shop"),
        ("postgresql://[::1]:5433/shop", "postgresql+asyncpg://[::1]:5433/shop"),
        ("postgresql://db/shop?user=ann&password=x", "postgresql+asyncpg://ann:x@db/shop"),
        ("postgresql://?host=db&dbname=shop", "postgresql+asyncpg://db/shop"),
        ("mysql://root@localhost/shop", "mysql+asyncmy://root@localhost/shop"),
        ("mariadb+pymysql://root@db:3307/shop", "mysql+asyncmy://root@db:3307/shop"),
        ("sqlite://", "sqlite+aiosqlite:///:memory:"),
        ("sqlite:///:memory:", "sqlite+aiosqlite:///:memory:"),
        ("sqlite:///data/shop.db", "sqlite+aiosqlite:////srv/shop/data/shop.db"),
        ("sqlite:////var/shop.db", "sqlite+aiosqlite:////var/shop.db"),
        ("sqlite3:///../shop.db", "sqlite+aiosqlite:////srv/shop.db"),
        (
            "sqlite:///shop.db?mode=ro",
            "sqlite+aiosqlite:///file:/srv/shop/shop.db?mode=ro&uri=true",
        ),
        (
            "sqlite:///file:x?mode=memory&cache=shared",
            "sqlite+aiosqlite:///file:x?mode=memory&cache=shared&uri=true",
        ),
    ],
)
def test_a_spelling_means_an_asynchronous_url(raw: str, expected: str) -> None:
    assert url(raw).url == expected


@pytest.mark.parametrize("backend", ["postgresql", "mysql", "sqlite"])
def test_the_backend_is_named(backend: str) -> None:
    assert url(f"{backend}:///shop").backend == backend


@pytest.mark.parametrize("password", ["p@ss", "p/w", "p:w", "p?w", "p#w", "100%sure", "a@b/c:d?e"])
def test_a_password_may_hold_any_character(password: str) -> None:
    made = make_url(url(f"postgresql://ann:{password}@db:5433/shop").url)
    assert (made.username, made.password, made.host, made.port) == ("ann", password, "db", 5433)


def test_an_escaped_password_is_decoded_once() -> None:
    assert make_url(url("postgresql://ann:a%2540b@db/shop").url).password == "a%40b"


@given(
    st.text(st.characters(exclude_characters="%&+", exclude_categories=("Cs", "Cc")), min_size=1)
)
def test_no_password_is_ever_shown(secret: str) -> None:
    secret = f"s3{secret}cret"
    try:
        made = normalise(f"postgresql://ann:{secret}@db/shop", root=ROOT, origin="DATABASE_URL")
    except ProjectError as error:
        shown = str(error)
    else:
        shown = f"{made} {made!r} {made.masked}"
    assert secret not in shown


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("postgresql://ann:s3cret@db/shop", "postgresql://ann:***@db/shop"),
        ("postgresql://db/shop?password=s3cret&a=b", "postgresql://db/shop?password=***&a=b"),
        ("postgresql://db/shop?user=a@b&password=s3", "postgresql://db/shop?user=a@b&password=***"),
        ("postgresql://ann:s3cret", "postgresql://***"),
        ("ann:s3cret@db", "***"),
        ("sqlite:///shop.db?key=s3cret", "sqlite:///shop.db?key=***"),
    ],
)
def test_secrets_are_hidden_also_in_the_query_and_in_broken_urls(raw: str, expected: str) -> None:
    assert mask(raw) == expected


@pytest.mark.parametrize("mode", ["disable", "prefer", "require", "verify-ca", "verify-full"])
def test_sslmode_is_handed_to_asyncpg_which_reads_it_as_libpq_does(mode: str) -> None:
    assert url(f"postgresql://db/shop?sslmode={mode}").connect_args == {
        "dsn": f"postgresql://?sslmode={mode}",
        "timeout": 10.0,
    }


@pytest.mark.parametrize(("spelling", "mode"), [("true", "require"), ("0", "disable")])
def test_ssl_is_another_spelling_of_sslmode(spelling: str, mode: str) -> None:
    arguments = url(f"postgresql://db/shop?ssl={spelling}").connect_args
    assert arguments["dsn"] == f"postgresql://?sslmode={mode}"


def test_settings_of_the_server_and_the_driver_are_arguments() -> None:
    query = "application_name=shop&options=-c%20x%3D1&statement_cache_size=0&connect_timeout=3"
    assert url(f"postgresql://db/shop?{query}").connect_args == {
        "server_settings": {"application_name": "shop", "options": "-c x=1"},
        "statement_cache_size": 0,
        "timeout": 3.0,
    }


def test_a_connect_timeout_of_zero_waits_without_end() -> None:
    assert url("postgresql://db/shop?connect_timeout=0").connect_args == {"timeout": None}


@pytest.mark.parametrize(
    ("raw", "hosts", "ports"),
    [
        ("postgresql://a,b:5433/shop", ["a", "b"], [5432, 5433]),
        ("postgresql:///shop?host=a,b&port=5433", ["a", "b"], [5433, 5433]),
        ("postgresql:///shop?host=a,b&port=1,2", ["a", "b"], [1, 2]),
        ("postgresql:///shop?host=/run/postgresql", ["/run/postgresql"], [5432]),
        ("postgresql://%2Frun%2Fpostgresql/shop", ["/run/postgresql"], [5432]),
    ],
)
def test_several_hosts_and_sockets_are_arguments(
    raw: str, hosts: list[str], ports: list[int]
) -> None:
    arguments = url(raw).connect_args
    assert (arguments["host"], arguments["port"]) == (hosts, ports)


def test_what_asyncpg_cannot_do_is_left_out_and_said() -> None:
    assert url("postgresql://db/shop?channel_binding=require").notes == (
        "channel_binding is not supported by asyncpg",
    )


def test_a_driver_that_is_replaced_is_said() -> None:
    assert url("postgresql+psycopg2://db/shop").notes == ("asyncpg is used in place of psycopg2",)


@pytest.mark.parametrize("mode", ["DISABLED", "preferred"])
def test_mysql_goes_without_tls_unless_it_is_asked_for(mode: str) -> None:
    assert "ssl" not in url(f"mysql://db/shop?ssl-mode={mode}").connect_args


@pytest.mark.parametrize(
    ("mode", "checks_name", "checks_certificate"),
    [("REQUIRED", False, False), ("VERIFY_CA", False, True), ("VERIFY_IDENTITY", True, True)],
)
def test_mysql_tls_checks_what_its_mode_says(
    mode: str, checks_name: bool, checks_certificate: bool
) -> None:
    context = url(f"mysql://db/shop?ssl-mode={mode}").connect_args["ssl"]
    assert getattr(context, "check_hostname") is checks_name  # noqa: B009
    assert bool(getattr(context, "verify_mode")) is checks_certificate  # noqa: B009


def test_mysql_may_use_a_socket() -> None:
    arguments = url("mysql://root@/shop?unix_socket=/run/mysqld.sock").connect_args
    assert arguments["unix_socket"] == "/run/mysqld.sock"


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("", "The database URL is empty\n  at DATABASE_URL\n"),
        ("localhost/shop", "has no scheme"),
        ("postgrsql://db/shop", 'unknown scheme, "postgrsql". Did you mean "postgresql"?'),
        ("mongodb://db/shop", 'unknown scheme, "mongodb"\n'),
        ("postgresql://db:54x2/shop", "a port is a number"),
        (
            "postgresql://db/shop?sslmod=require",
            'unknown option, "sslmod". Did you mean "sslmode"?',
        ),
        (
            "postgresql://db/shop?sslmode=requir",
            'unknown sslmode, "requir". Did you mean "require"?',
        ),
        ("postgresql://db/shop?connect_timeout=x", 'connect_timeout that is not a number, "x"'),
        ("postgresql:///shop?host=a,b,c&port=1,2", "has not as many ports as hosts"),
        ("mysql://db", "names no database"),
        ("mysql://db/shop?ssl-mode=yes", 'unknown ssl-mode, "yes"'),
        ("sqlite://shop.db", "names a host, but SQLite is a file"),
        ("sqlite:///shop.db?mod=ro", 'unknown option, "mod". Did you mean "mode"?'),
    ],
)
def test_a_bad_url_is_explained(raw: str, said: str) -> None:
    assert said in message(raw)


@pytest.mark.parametrize(
    ("raw", "example"),
    [
        ("postgresql://db:x/shop", "postgresql://user:password@localhost:5432/shop"),
        ("mysql://db", "mysql://user:password@localhost:3306/shop"),
        ("sqlite://shop.db", "sqlite:///data/shop.sqlite3"),
        ("", "sqlite:///data/shop.sqlite3"),
    ],
)
def test_a_correct_url_of_the_same_kind_is_shown(raw: str, example: str) -> None:
    assert example in message(raw)


def test_sqlite_knows_its_file_and_memory_has_none() -> None:
    assert url("sqlite:///data/shop.db").file == ROOT / "data/shop.db"
    assert url("sqlite://").in_memory


def test_reading_a_url_loads_no_sqlalchemy() -> None:
    code = "import sys, zenith_server.database.url; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("options", ["sslmode=prefer", "sslmode=disable", "options=-c%20jit%3Doff"])
async def test_postgresql_takes_the_options(postgres_url: str, options: str) -> None:
    joint = "&" if "?" in postgres_url else "?"
    database = Database(f"{postgres_url}{joint}{options}")
    async with database.lifespan(), database.session() as session:
        assert await session.scalar(text("SELECT 1")) == 1
