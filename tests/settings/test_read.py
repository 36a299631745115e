from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.settings.conftest import FaultFinder, Reader
from zenith_server.environment import Environment
from zenith_server.settings import read_settings

EVERYWHERE = {
    "zenith.yaml": "server: {port: 1}\nenvironments: {test: {server: {port: 2}}}",
    ".env": "PORT=3",
    ".env.test": "PORT=4",
    ".env.local": "PORT=5",
    ".env.test.local": "PORT=6",
}
SOURCES = [
    "command line --port",
    "environment variable PORT",
    ".env.test.local:1",
    ".env.local:1",
    ".env.test:1",
    ".env:1",
    "zenith.yaml:2",
    "zenith.yaml:1",
    "default",
]


def test_each_source_wins_over_the_weaker_ones(read: Reader) -> None:
    settings = read(EVERYWHERE, "test", environ={"PORT": "7"}, options={"server.port": 8})
    [port] = settings.explain("server.port")
    assert [port.origin, *(given.origin for given in port.overridden)] == SOURCES
    values = [port.value, *(given.value for given in port.overridden)]
    assert values == [8, 7, 6, 5, 4, 3, 2, 1, 8000]


@given(st.sets(st.sampled_from([*EVERYWHERE, "process", "command line"])))
def test_the_strongest_source_that_speaks_wins(
    tmp_path_factory: pytest.TempPathFactory, speaking: set[str]
) -> None:
    root = tmp_path_factory.mktemp("project")
    for file in speaking & EVERYWHERE.keys():
        (root / file).write_text(EVERYWHERE[file])
    strength = ["zenith.yaml", *list(EVERYWHERE)[1:], "process", "command line"]
    expected = max((strength.index(each) + 2 for each in speaking), default=8000)
    settings = read_settings(
        root,
        environment=Environment("test", "from --env"),
        environ={"PORT": "7"} if "process" in speaking else {},
        options={"server.port": 8 if "command line" in speaking else None},
    )
    assert settings.server.port == expected


def test_a_list_from_a_stronger_source_replaces_the_weaker_one(read: Reader) -> None:
    files = {"zenith.yaml": "security: {allowed_hosts: [a.example, b.example]}"}
    settings = read(files, environ={"ALLOWED_HOSTS": "c.example"})
    assert settings.security.allowed_hosts == ("c.example",)


@pytest.mark.parametrize(
    ("options", "key", "value", "origin"),
    [
        ({"server.reload": False}, "server.reload", False, "command line --no-reload"),
        ({"server.lame_duck": 0.5}, "server.lame_duck", 0.5, "command line --lame-duck"),
        ({"cors.methods": ["get"]}, "cors.methods", ("GET",), "command line --methods"),
        ({"server.host": None}, "server.host", "127.0.0.1", "default"),
    ],
)
def test_an_option_is_taken_as_it_is_typed(
    read: Reader, options: dict[str, object], key: str, value: object, origin: str
) -> None:
    [explained] = read(options=options).explain(key)
    assert (explained.value, explained.origin) == (value, origin)


def test_an_option_of_the_wrong_kind_names_the_flag(faults: FaultFinder) -> None:
    [fault] = faults(options={"server.port": 99999})
    assert fault.where == ("command line --port",)


def test_every_fault_in_every_source_is_reported_at_once(faults: FaultFinder) -> None:
    found = faults(
        {
            "zenith.yaml": "sever: {}\nserver: {port: x}\ncors: {origins: '*', credentials: on}",
            ".env": "LOG_LEVEL=loud\noops",
        },
        environ={"WEB_CONCURRENCY": "many", "ZENITH_A__B": "1"},
        options={"server.engine": "steam"},
    )
    assert [place for fault in found for place in fault.where] == [
        "zenith.yaml:1",
        "zenith.yaml:2",
        ".env:2",
        ".env:1",
        "environment variable WEB_CONCURRENCY",
        "environment variable ZENITH_A__B",
        "command line --engine",
        "zenith.yaml:3",
    ]


def test_of_a_few_words_the_one_that_was_meant_is_told(faults: FaultFinder) -> None:
    engine, editor = faults(
        {"zenith.yaml": "server: {engine: hypercron}"}, environ={"ZENITH_EDITOR": "Pycharn"}
    )
    assert engine.what.endswith('granian. Did you mean "hypercorn"?')
    assert editor.what.endswith('Did you mean "pycharm"?')
    [far] = faults({"zenith.yaml": ""}, options={"server.engine": "steam"})
    assert "mean" not in far.what


def test_an_overridden_value_must_be_right_too(faults: FaultFinder) -> None:
    [fault] = faults({"zenith.yaml": "server: {port: x}"}, environ={"PORT": "80"})
    assert fault.where == ("zenith.yaml:1",)


def test_a_container_is_served_on_every_address(read: Reader) -> None:
    settings = read(container="Docker (/.dockerenv exists)")
    assert settings.server.host == "0.0.0.0"
    assert settings.origin("server.host") == "default in Docker (/.dockerenv exists)"


def test_production_has_a_worker_for_each_core_and_says_so(read: Reader) -> None:
    settings = read(environment="production")
    assert 1 <= settings.server.workers <= 8
    assert settings.origin("server.workers").startswith("default of production: usable cores ")


def test_development_and_production_differ_where_it_matters(read: Reader) -> None:
    development, production = read(), read(environment="production")
    assert (development.server.reload, production.server.reload) == (True, False)
    assert (development.server.workers, development.server.grace) == (1, 1.0)
    assert (development.logging.format, production.logging.format) == ("console", "json")
    assert development.origin("logging.format") == "default of development"


@pytest.mark.parametrize("variable", ["ZENITH_ENV", "APP_ENV", "ENVIRONMENT"])
def test_a_file_that_would_choose_the_environment_gets_a_warning(
    read: Reader, variable: str
) -> None:
    [warning] = read({".env": f"{variable}=staging"}, "test").warnings
    assert warning.what.startswith(f"{variable} does not decide the environment here")
    assert read({".env": f"{variable}=testing"}, "test").warnings == ()


def test_settings_travel_to_another_process(read: Reader) -> None:
    settings = read(EVERYWHERE, "test", environ={"DATABASE_URL": "postgres://a:b@c/d"})
    assert pickle.loads(pickle.dumps(settings)) == settings


def test_a_project_without_files_imports_neither_yaml_nor_dotenv(tmp_path: Path) -> None:
    code = """
import sys
from pathlib import Path
from zenith_server.environment import Environment
from zenith_server.settings import read_settings
read_settings(Path(sys.argv[1]), environment=Environment("test", ""), environ={})
print({"yaml", "dotenv", "pydantic", "starlette", "sqlalchemy"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path], capture_output=True, check=True)
    assert done.stdout.strip() == b"set()"
