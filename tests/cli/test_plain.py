"""What is read without the library means what the library reads."""

import subprocess
import sys

import pytest
from msgspec.structs import asdict as of_struct

from tests.processes import environment
from zenith_server.cli.plain import OPTIONS, plain
from zenith_server.cli.run import ServerOptions
from zenith_server.cli.usage import UsageError
from zenith_server.cli.words import understood

PLAIN = (
    "",
    "run",
    "dev",
    ".",
    "./shop",
    "run shop",
    "dev ./shop --port 8001",
    "--port=0 --workers 4 ./shop",
    "run . --env production --workers 1 --port 8000",
    "--env staging",
    "run --project shop --host 0.0.0.0",
    "dev --no-reload --engine granian",
    "dev --http3 --reload",
    "--no-http3 --port 80",
    "--reload --bind unix:/run/shop.sock",
    "run --certfile a.pem --keyfile=b.pem /srv/shop",
)
OTHERS = (
    "check",
    "shop",
    "run a b",
    "run --port eighty",
    "run --port 080",
    "run --port",
    "run --port 1 --port 2",
    "run a --project b",
    "run --host --port",
    "run --engine uvicorn",
    "run --reload=yes",
    "run --http3=yes",
    "run --prot 1",
    "dev --https",
    "--help",
    "-h",
    "run -p 1",
    "run -- shop",
)


@pytest.mark.parametrize("line", PLAIN)
def test_a_plain_line_says_what_the_library_reads(line: str) -> None:
    found = plain(line.split())
    call, given = understood(line.split(), None)
    given.apply_defaults()
    assert found is not None
    assert found.dev == (call.__name__ == "dev")
    assert (found.project, found.env) == (given.arguments["project"], given.arguments["env"])
    options = given.arguments["options"]
    assert found.options == {name: getattr(options, name) for name in OPTIONS}


@pytest.mark.parametrize("line", OTHERS)
def test_all_others_are_left_to_the_library(line: str) -> None:
    assert plain(line.split()) is None


def test_every_option_is_known() -> None:
    assert tuple(ServerOptions.__dataclass_fields__) == OPTIONS


def test_a_line_of_that_kind_does_not_load_the_library() -> None:
    code = (
        "import sys; from zenith_server.cli import command_line;"
        "command_line(['run', './nowhere']); print('cyclopts' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment({}),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "False\n"
    assert "There is no folder" in done.stderr


def test_what_the_library_does_not_understand_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="See zenith-server run --help"):
        understood(["run", "--prot", "1"], None)


def test_the_fields_are_those_that_serving_takes() -> None:
    found = plain([])
    assert found is not None
    assert set(of_struct(found)) == {"project", "options", "env", "dev"}
