from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from tests.projects import write_project
from zenith_server.environment import Environment, EnvironmentName
from zenith_server.errors import Fault, ProjectError
from zenith_server.runner.lifespan import LifespanError
from zenith_server.runner.trace import describe, page_of, running
from zenith_server.settings import Server, Settings


def failure(file: Path) -> BaseException:
    with pytest.raises(BaseException) as raised:  # noqa: PT011
        exec(compile(file.read_text(), str(file), "exec"), {})
    return raised.value


def test_a_project_error_speaks_for_itself(tmp_path: Path) -> None:
    fault = Fault("postgresql://me:secret@db/app cannot be reached")
    assert describe(ProjectError(fault), tmp_path) == "postgresql://me:***@db/app cannot be reached"


def test_only_the_project_s_lines_are_told(tmp_path: Path) -> None:
    write_project(tmp_path, {"app.py": "import json\njson.loads('{')\n"})
    told = describe(failure(tmp_path / "app.py"), tmp_path)
    assert told.splitlines()[:2] == [
        "Traceback (most recent call last):",
        f'  File "{tmp_path}/app.py", line 2, in <module>',
    ]
    assert told.splitlines()[-3].startswith("json.decoder.JSONDecodeError: ")
    assert "decoder.py" not in told


def test_causes_are_told_in_the_project_s_lines_too(tmp_path: Path) -> None:
    text = (
        "import json\ntry:\n    json.loads('{')\nexcept ValueError as error:\n"
        "    raise OSError('x') from error\n"
    )
    write_project(tmp_path, {"app.py": text})
    told = describe(failure(tmp_path / "app.py"), tmp_path)
    assert "direct cause" in told
    assert {line.split('"')[1] for line in told.splitlines() if "File" in line} == {
        f"{tmp_path}/app.py"
    }


def test_every_exception_of_a_group_is_told(tmp_path: Path) -> None:
    text = "raise ExceptionGroup('two', [ValueError('one'), KeyError('other')])\n"
    write_project(tmp_path, {"app.py": text})
    told = describe(failure(tmp_path / "app.py"), tmp_path)
    assert "ValueError: one" in told
    assert "KeyError: 'other'" in told


def test_an_error_outside_the_project_keeps_its_last_line(tmp_path: Path) -> None:
    write_project(tmp_path, {"app.py": "1 / 0\n"})
    told = describe(failure(tmp_path / "app.py"), tmp_path / "elsewhere")
    assert f'File "{tmp_path}/app.py", line 1' in told


def test_a_file_that_cannot_be_read_is_told_without_frames(tmp_path: Path) -> None:
    write_project(tmp_path, {"app.py": "def broken(:\n"})
    with pytest.raises(SyntaxError) as raised:
        compile((tmp_path / "app.py").read_text(), str(tmp_path / "app.py"), "exec")
    told = describe(raised.value, tmp_path)
    assert told.splitlines()[0] == f'  File "{tmp_path}/app.py", line 1'


def settings(
    root: Path, environment: EnvironmentName = "development", *, reload: bool = True
) -> Settings:
    return Settings(root, Environment(environment, "from the test"), Server(reload=reload))


def test_in_development_there_is_a_page_of_it(tmp_path: Path) -> None:
    write_project(tmp_path, {"app.py": "1 / 0\n"})
    page = page_of(failure(tmp_path / "app.py"), "text", settings(tmp_path))
    assert "division by zero" in page
    assert '<pre id="text">text</pre>' in page


@pytest.mark.parametrize("environment", ["test", "staging", "production"])
def test_elsewhere_there_is_none(tmp_path: Path, environment: EnvironmentName) -> None:
    assert page_of(LookupError(), "text", settings(tmp_path, environment)) == ""


def test_where_nothing_reloads_there_is_none(tmp_path: Path) -> None:
    assert page_of(LookupError(), "text", settings(tmp_path, reload=False)) == ""


def test_what_a_part_of_the_app_did_not_start_for_is_on_the_page(tmp_path: Path) -> None:
    error = LifespanError("cache did not start", ConnectionRefusedError("no cache there"))
    assert "ConnectionRefusedError" in page_of(error, "", settings(tmp_path))


class Mute:
    def __str__(self) -> str:
        raise RuntimeError("not a word")


def test_a_page_that_fails_leaves_the_message(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    odd = LookupError()
    vars(odd)["__notes__"] = [Mute()]
    assert page_of(odd, "text", settings(tmp_path)) == ""
    assert "The error page failed itself" in caplog.text


def test_where_a_thread_runs_is_told() -> None:
    over = threading.Event()
    thread = threading.Thread(target=over.wait)
    thread.start()
    time.sleep(0.05)
    told = running(thread.ident or 0, Path(threading.__file__).parent)
    over.set()
    thread.join()
    assert 'threading.py", line' in told
    assert running(0, Path("/")) == ""
