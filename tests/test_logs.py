from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from zenith_server.logs import Console, Json, configure
from zenith_server.settings.sections import Format, Level, Logging

log = logging.getLogger("shop")


class Log:
    """A file that everything is logged to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def text(self) -> str:
        return self.path.read_text()

    @property
    def objects(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]


Configured = Callable[..., Log]


@pytest.fixture
def configured(tmp_path: Path) -> Iterator[Configured]:
    """Return a function that logs to a file; the process's own logging is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers = []
    file = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT)

    def start(form: Format = "json", level: Level = "info") -> Log:
        configure(Logging(format=form, level=level), file)
        return Log(tmp_path / "log")

    yield start
    logging.captureWarnings(capture=False)
    os.close(file)
    root.handlers, root.level = handlers, level


def test_a_machine_gets_one_object_a_line(configured: Configured) -> None:
    out = configured()
    log.info("Sold %d of %s", 2, "tea", extra={"shelf": 7})
    [line] = out.objects
    assert datetime.fromisoformat(line.pop("time")).tzinfo is not None
    assert line == {"level": "info", "logger": "shop", "message": "Sold 2 of tea", "shelf": 7}


class Sale(msgspec.Struct):
    shelf: int
    name: str = "tea"


def test_a_message_that_is_a_struct_is_the_whole_line(configured: Configured) -> None:
    out = configured()
    log.info(Sale(7))
    log.info(Sale(8, "\udcff"))
    assert out.objects == [{"shelf": 7, "name": "tea"}, {"shelf": 8, "name": "\udcff"}]


def test_a_line_break_in_a_message_does_not_begin_a_line(configured: Configured) -> None:
    out = configured()
    log.info('a\n{"level": "critical"}')
    assert [line["level"] for line in out.objects] == ["info"]


def test_an_exception_comes_with_its_traceback_and_without_values(configured: Configured) -> None:
    out = configured()
    password = os.environ["PATH"]
    try:
        raise KeyError("x")
    except KeyError:
        log.exception("It failed", stack_info=True)
    [line] = out.objects
    assert (line["level"], line["message"]) == ("error", "It failed")
    assert "Traceback" in line["error"]
    assert "Stack (most recent call last)" in line["error"]
    assert password not in line["error"]


@pytest.mark.parametrize("form", ["json", "console"])
def test_passwords_in_urls_are_masked_in_messages_and_tracebacks(
    configured: Configured, form: Format
) -> None:
    written = configured(form)
    url = "postgresql://ann:s3cret@db/shop"
    try:
        raise ConnectionError(f"{url} does not answer")
    except ConnectionError:
        log.exception("lost %s", url)
    assert "s3cret" not in written.text
    assert written.text.count("postgresql://ann:***@db/shop") == 2


def test_what_json_does_not_know_is_written_as_text(configured: Configured) -> None:
    out = configured()
    log.info("a", extra={"path": Path("/x"), "broken": "\udcff"})
    assert (out.objects[0]["path"], out.objects[0]["broken"]) == ("/x", "\udcff")


def test_a_person_gets_time_level_and_message(configured: Configured) -> None:
    out = configured("console")
    log.warning("Careful")
    assert out.text[2] == out.text[5] == ":"
    assert out.text[8:] == " WARNING Careful\n"


def test_a_person_sees_the_traceback_below(configured: Configured) -> None:
    out = configured("console")
    try:
        raise KeyError("x")
    except KeyError:
        log.exception("It failed")
    lines = out.text.splitlines()
    assert (lines[0][9:], lines[-1]) == ("ERROR   It failed", "KeyError: 'x'")


def test_a_client_can_neither_forge_a_line_nor_steer_a_terminal(configured: Configured) -> None:
    out = configured("console")
    log.info("GET /%s", "a\n12:00:00 INFO forged\r\x1b[2J\x9b")
    assert out.text.splitlines()[1] == "    12:00:00 INFO forged\\x0d\\x1b[2J\\x9b"


def test_half_a_surrogate_pair_is_no_reason_to_lose_a_line(configured: Configured) -> None:
    out = configured("console")
    log.info("a\udcffb")
    assert out.text.endswith("a?b\n")


def test_the_level_holds_for_every_logger(configured: Configured) -> None:
    out = configured(level="error")
    log.warning("no")
    logging.getLogger("other").error("yes")
    assert [line["message"] for line in out.objects] == ["yes"]


def test_a_second_time_replaces_the_first(configured: Configured) -> None:
    configured()
    out = configured()
    log.info("once")
    assert len(out.objects) == 1


def test_filters_of_the_handler_count(configured: Configured) -> None:
    out = configured()
    [handler] = logging.getLogger().handlers
    handler.addFilter(lambda record: record.getMessage() != "no")
    log.info("no")
    log.info("yes")
    assert [line["message"] for line in out.objects] == ["yes"]


def test_warnings_are_log_lines(configured: Configured) -> None:
    out = configured()
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert (out.objects[0]["logger"], out.objects[0]["level"]) == ("py.warnings", "warning")


def test_threads_do_not_mix_their_lines(configured: Configured) -> None:
    out = configured()

    def write(name: str) -> None:
        for _ in range(200):
            log.info(name * 200)

    threads = [threading.Thread(target=write, args=[name]) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    messages = [line["message"] for line in out.objects]
    assert len(messages) == 800
    assert all(len(set(message)) == 1 for message in messages)


def test_a_reader_that_went_away_ends_no_request(
    configured: Configured, capsys: pytest.CaptureFixture[str]
) -> None:
    configured()
    [handler] = logging.getLogger().handlers
    reading, writing = os.pipe()
    os.close(reading)
    handler._descriptor = writing  # type: ignore[attr-defined]
    log.info("nobody reads this")
    os.close(writing)
    assert "BrokenPipeError" in capsys.readouterr().err


def test_colours_are_for_terminals_and_for_levels_that_have_one() -> None:
    record = logging.makeLogRecord({"levelname": "ERROR", "msg": "a"})
    assert "\x1b[31mERROR  \x1b[0m a" in Console(coloured=True).format(record)
    assert "\x1b" not in Console(coloured=False).format(record)
    usual = logging.makeLogRecord({"levelname": "INFO", "msg": "a"})
    assert "\x1b" not in Console(coloured=True).format(usual)


def test_times_are_in_utc_with_the_parts_of_a_second() -> None:
    record = logging.makeLogRecord({"created": 1800000000.25})
    assert json.loads(Json().format(record))["time"] == "2027-01-15T08:00:00.250000Z"


def test_standard_error_is_where_it_goes_by_default() -> None:
    code = """
import logging
from zenith_server.logs import configure
from zenith_server.settings.sections import Logging
configure(Logging())
logging.getLogger("a").info("hello")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, json.loads(done.stderr)["message"]) == ("", "hello")
