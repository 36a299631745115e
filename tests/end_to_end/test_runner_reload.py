"""Development: a save is served at once, and nothing that is saved brings the server down."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import httpx2
import pytest
from websockets.sync.client import connect

from tests.end_to_end.edits import edits
from tests.end_to_end.faults import Place
from tests.runner.serving import SAMPLE_APP, Runner, app_that_says

DEVELOPMENT = {"environment": "development", "reload": True}


def developing(folder: Path, **options: object) -> Runner:
    """A runner in development; its first answer is "one"."""
    if not (folder / "app.py").exists():
        (folder / "app.py").write_text(app_that_says("one"))
    return Runner(folder, **{**DEVELOPMENT, **options})


@pytest.mark.parametrize("engine", ["hypercorn", "granian"])
def test_a_save_is_served(tmp_path: Path, engine: str) -> None:
    with developing(tmp_path, engine=engine) as runner:
        runner.ready().answers("one").save("app.py", app_that_says("two"))
        runner.answers("two").says("ms: app.py")
        assert runner.stop() == 0


@pytest.mark.parametrize("engine", ["hypercorn", "granian"])
def test_nobody_gets_old_code_while_the_new_is_loaded(tmp_path: Path, engine: str) -> None:
    slow = f"{app_that_says('two')}\nnote('loading')\ntime.sleep(2)\n"
    with developing(tmp_path, engine=engine) as runner:
        runner.ready().save("app.py", slow)
        runner.noted("loading")
        time.sleep(0.5)
        assert runner.text() == "two"


def test_saves_of_the_same_size_in_one_second_are_all_served(tmp_path: Path) -> None:
    with developing(tmp_path) as runner:
        runner.ready()
        for number in range(10, 20):
            runner.save("app.py", app_that_says(f"n{number}"))
            runner.answers(f"n{number}")


def test_no_request_is_refused_or_lost_while_reloading(tmp_path: Path) -> None:
    with developing(tmp_path) as runner, httpx2.Client(timeout=30) as client:
        runner.ready()
        for number in range(10, 20):
            runner.save("app.py", app_that_says(f"n{number}"))
            while client.get(runner.url).text != f"n{number}":
                assert client.get(runner.url, headers={"connection": "close"}).status_code == 200


def test_a_new_module_and_its_removal_are_noticed(tmp_path: Path) -> None:
    with developing(tmp_path) as runner:
        runner.ready().save("extra.py", 'TEXT = "from a new file"')
        importing = "try:\n    from extra import TEXT\nexcept ImportError:\n    TEXT = 'without'\n"
        app = app_that_says("one").replace('b"one"', "TEXT.encode()") + importing
        runner.save("app.py", app)
        runner.answers("from a new file")
        (tmp_path / "extra.py").rename(tmp_path / "other.py")
        runner.answers("without")


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ("def broken(:\n", "SyntaxError"),
        ("import a_module_that_is_not_there\n", "ModuleNotFoundError"),
        ("1 / 0\n", "ZeroDivisionError"),
        ("import os; os._exit(3)\n", "exit code 3"),
        ("import sys; sys.exit('no')\n", "SystemExit"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)\n", "SIGSEGV"),
        ("app = None\n", "TypeError"),
    ],
)
def test_broken_code_is_shown_until_the_next_save_that_works(
    tmp_path: Path, broken: str, told: str
) -> None:
    with developing(tmp_path) as runner:
        runner.ready().save("app.py", broken)
        runner.says(told).until(lambda: runner.get().status_code == 500, "showing the error")
        assert told in runner.get().json()["detail"]
        runner.save("app.py", app_that_says("two"))
        runner.answers("two")
        assert runner.stop() == 0


def test_code_that_is_broken_from_the_start_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("def broken(:\n")
    with developing(tmp_path) as runner:
        runner.says("SyntaxError").until(lambda: "broken(:" in runner.text(), "showing the error")
        runner.save("app.py", app_that_says("one"))
        runner.answers("one").ready()


def test_the_error_page_is_html_for_a_browser_and_escaped(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("raise ValueError('<script> postgresql://me:secret@db')\n")
    with developing(tmp_path) as runner:
        runner.says("ValueError").until(lambda: bool(runner.text()), "showing the error")
        page = runner.get(headers={"accept": "text/html,*/*"})
        assert (page.status_code, page.headers["content-type"]) == (500, "text/html; charset=utf-8")
        assert "&lt;script&gt; postgresql://me:***@db" in page.text
        assert "secret" not in runner.output


def test_an_endless_loop_at_import_gives_way_to_the_next_save(tmp_path: Path) -> None:
    with developing(tmp_path) as runner:
        runner.ready().save("app.py", "while True:\n    pass\n")
        time.sleep(0.5)
        runner.save("app.py", app_that_says("two"))
        runner.answers("two")


def test_an_endless_loop_at_import_is_named_when_the_time_is_up(tmp_path: Path) -> None:
    with developing(tmp_path, boot_timeout=1.0) as runner:
        runner.ready().save("app.py", "import time\n\ntime.sleep(60)\n")
        runner.says("still starting after 1 s").says("app.py").says("line 3")
        runner.save("app.py", app_that_says("two"))
        runner.answers("two")


def test_open_connections_do_not_hold_up_a_reload(tmp_path: Path) -> None:
    with developing(tmp_path, grace=60) as runner:
        runner.ready().save("app.py", SAMPLE_APP)
        runner.answers("hello")
        with (
            connect(runner.url.replace("http", "ws") + "/ws"),
            httpx2.stream("GET", f"{runner.url}/endless", timeout=30) as endless,
        ):
            next(endless.iter_raw())
            runner.save("app.py", app_that_says("two"))
            runner.answers("two")
            runner.noted("endless ended")


def test_files_of_databases_and_editors_do_not_reload(tmp_path: Path) -> None:
    with developing(tmp_path) as runner:
        (tmp_path / "data").mkdir()
        runner.ready()
        time.sleep(0.5)
        before = runner.output.count("reloaded")
        for name in (
            "dev.sqlite3-wal",
            "server.log",
            "data/file.py",
            ".app.py.swp",
            "app.py~",
            "4913",
        ):
            runner.save(name, "x")
        runner.save("sentinel.py", "x")
        runner.says("sentinel.py")
        assert runner.output.count("reloaded") == before + 1
        assert runner.output.count(": sentinel.py") == 1


def test_without_reload_a_save_changes_nothing(tmp_path: Path) -> None:
    with developing(tmp_path, reload=False) as runner:
        runner.ready().save("app.py", app_that_says("two"))
        time.sleep(1)
        assert runner.text() == "one"


def test_settings_are_read_again(tmp_path: Path) -> None:
    with developing(tmp_path) as runner:
        runner.ready().save("settings.yaml", '{"engine": "granian", "port": 1}')
        runner.says("server.host, server.port and server.http3 change when").says("reloaded")
        runner.until(lambda: runner.get().headers.get("server") == "granian", "using granian")


def test_polling_notices_a_save_where_events_are_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "true")
    (tmp_path / "app.py").write_text(app_that_says("one"))
    os.utime(tmp_path / "app.py", (1, 1))
    with developing(tmp_path) as runner:
        runner.ready().save("app.py", app_that_says("two"))
        runner.answers("two")


def test_a_worker_that_dies_again_and_again_becomes_an_error_page(tmp_path: Path) -> None:
    dying = "import os, threading\nthreading.Timer(0.2, os._exit, [7]).start()\n"
    with developing(tmp_path, backoff=0.1) as runner:
        runner.ready().save("app.py", SAMPLE_APP + dying)
        runner.says("No worker stays alive")
        runner.until(lambda: "No worker stays alive" in runner.text(), "showing the error")
        runner.save("app.py", app_that_says("two"))
        runner.answers("two")


def test_ctrl_c_ends_development(tmp_path: Path) -> None:
    with developing(tmp_path) as runner:
        assert runner.ready().stop(signal.SIGINT) == 0
        assert "Traceback" not in runner.output


@pytest.mark.parametrize("engine", ["hypercorn", "granian"])
def test_edits_of_every_kind_leave_the_server_answering(tmp_path: Path, engine: str) -> None:
    figures = edits(Place(tmp_path / "project", "", engine, 1), 30, 300)
    assert (figures["deaths"], figures["refused"]) == (0, 0)
