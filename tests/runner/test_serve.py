from __future__ import annotations

import io
import subprocess
import sys

from tests.runner.serving import REPOSITORY
from zenith_server.errors import Fault, ProjectError
from zenith_server.runner.banner import Report
from zenith_server.runner.exits import Exit
from zenith_server.runner.serve import serve
from zenith_server.settings import Settings


def test_settings_that_cannot_be_read_stop_the_start() -> None:
    def read_settings() -> Settings:
        raise ProjectError(Fault("PORT is not a number"))

    told = io.StringIO()
    code = serve(read_settings, report=Report(told, person=False))
    assert (code, told.getvalue()) == (Exit.PROJECT, "PORT is not a number\n")


def test_the_supervisor_loads_neither_frameworks_nor_engines() -> None:
    source = (
        "import sys, zenith_server.runner.serve; "
        "print({'starlette', 'sqlalchemy', 'hypercorn', 'granian', 'pydantic'} & {*sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", source], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"
