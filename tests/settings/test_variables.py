from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.settings.conftest import FaultFinder, Reader


@pytest.mark.parametrize(
    ("variable", "value", "key"),
    [
        ("DATABASE_URL", "sqlite:///a.db", "database.url"),
        ("REDIS_URL", "redis://cache", "redis.url"),
        ("HOST", "::1", "server.host"),
        ("PORT", "80", "server.port"),
        ("WEB_CONCURRENCY", "3", "server.workers"),
        ("LOG_LEVEL", "DEBUG", "logging.level"),
        ("SECRET_KEY", "k" * 40, "security.secret_key"),
        ("ALLOWED_HOSTS", "a.example,b.example", "security.allowed_hosts"),
        ("ZENITH_SERVER__LAME_DUCK", "2s", "server.lame_duck"),
    ],
)
def test_a_variable_sets(read: Reader, variable: str, value: str, key: str) -> None:
    settings = read(environ={variable: value})
    assert settings.origin(key) == f"environment variable {variable}"


def test_our_own_spelling_wins_over_the_conventional_one(read: Reader) -> None:
    assert read(environ={"ZENITH_SERVER__PORT": "81", "PORT": "82"}).server.port == 81


def test_an_empty_variable_counts_as_not_set(read: Reader) -> None:
    assert read({".env": "PORT=9000"}, environ={"PORT": ""}).server.port == 9000


def test_layers_and_plugins_have_variables_too(read: Reader) -> None:
    environ = {"ZENITH_LAYERS__CORS": "off", "ZENITH_PLUGINS__AUTH__KEY__ID": "7"}
    settings = read(environ=environ)
    assert settings.layers == {"cors": False}
    assert settings.plugins == {"auth": {"key__id": "7"}}


@pytest.mark.parametrize(
    "name", ["ZENITH_ENV", "ZENITH_PROJECT", "ZENITH_TEST_A__B", "ZENITH_SERVER_PORT", "A__B"]
)
def test_variables_of_another_form_are_left_alone(read: Reader, name: str) -> None:
    assert read(environ={name: "tcp://10.0.0.1:80"}).server.port == 8000


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("ZENITH_SERVER__PROT", '"server.prot". Did you mean "server.port"?'),
        ("ZENITH_NOPE__THING", '"nope.thing".'),
        ("ZENITH_PLUGINS__AUTH", '"plugins.auth".'),
        ("ZENITH_LAYERS__A__B", '"layers.a.b".'),
    ],
)
def test_a_variable_of_our_form_that_sets_nothing_is_refused(
    faults: FaultFinder, name: str, what: str
) -> None:
    [fault] = faults(environ={name: "1"})
    assert fault.what.startswith(f"There is no setting {what}")
    assert fault.where == (f"environment variable {name}",)


def test_the_files_of_the_environment_are_read_in_order(read: Reader) -> None:
    files = {
        ".env": "A=1\nB=1\nC=1\nD=1\nE=1",
        ".env.test": "B=2\nC=2\nD=2\nE=2",
        ".env.local": "C=3\nD=3\nE=3",
        ".env.test.local": "D=4\nE=4",
        ".env.production": "A=5",
    }
    environ = read(files, "test", environ={"E": "5"}).environ
    assert [environ[name] for name in "ABCDE"] == ["1", "2", "3", "4", "5"]


def test_the_environment_of_this_process_is_left_alone(read: Reader) -> None:
    before = dict(os.environ)
    read({".env": "ZENITH_TEST_LEFT_ALONE=1"})
    assert dict(os.environ) == before


def test_a_line_is_named_although_blank_lines_and_comments_stand_before_it(read: Reader) -> None:
    settings = read({".env": "# one\n\n\nA='x\ny'\n\n  PORT=9000 # ours\n"})
    assert (settings.server.port, settings.origin("server.port")) == (9000, ".env:7")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("X=plain", "plain"),
        ("export X=plain", "plain"),
        ('X="two\\nlines"', "two\nlines"),
        ("A=1\nX=${A}2", "12"),
        ("X=${P}", "process"),
        ("P=file\nX=${P}", "process"),
        ("X=${NOPE:-default}", "default"),
        ("X='${A}'", "${A}"),
        ("X=pa$$word", "pa$$word"),
        ("X=", ""),
    ],
)
def test_a_value_is_read(read: Reader, text: str, value: str) -> None:
    assert read({".env": text}, environ={"P": "process"}).environ["X"] == value


def test_a_stronger_file_may_refer_to_a_weaker_one(read: Reader) -> None:
    files = {".env": "NAME=shop", ".env.test": "DATABASE_URL=postgres://db/${NAME}_test"}
    assert read(files, "test").database.url == "postgres://db/shop_test"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("A=1\nX=${NOPE}", "X refers to ${NOPE}, which is not set"),
        ("A=1\nthis is text", ".env has a line that sets no variable"),
        ("A=1\nX", ".env has a line that sets no variable"),
        ("A=1\nPORT=high", 'server.port is "high", not a whole number from 0 to 65535'),
    ],
)
def test_a_fault_in_a_file_is_named_with_its_line(
    faults: FaultFinder, text: str, what: str
) -> None:
    [fault] = faults({".env": text})
    assert (fault.what, fault.where) == (what, (".env:2",))


def test_a_file_that_is_no_text_is_one_fault(faults: FaultFinder, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project/.env").write_bytes(b"A=\xff")
    [fault] = faults()
    assert fault.what == ".env cannot be read"
