from __future__ import annotations

import io

from zenith_server.runner.banner import Report, Serving, milliseconds
from zenith_server.runner.changes import Change

STATE = Serving(
    environment="staging",
    reason="from ZENITH_ENV",
    url="http://127.0.0.1:8000",
    engine="granian",
    workers=1,
    facts=(("routes", "19 in 14 files"),),
    seconds=0.25,
)


def printed(*, person: bool, environ: dict[str, str] | None = None) -> tuple[Report, io.StringIO]:
    stream = io.StringIO()
    return Report(stream, person=person, environ=environ or {}), stream


def test_a_log_gets_one_plain_line() -> None:
    report, stream = printed(person=False)
    report.serving(STATE)
    assert stream.getvalue() == (
        "ready in 250 ms; environment: staging (from ZENITH_ENV), address: http://127.0.0.1:8000, "
        "engine: granian × 1 worker, routes: 19 in 14 files\n"
    )


def test_a_person_gets_aligned_rows() -> None:
    report, stream = printed(person=True, environ={"NO_COLOR": "1"})
    report.serving(STATE)
    assert stream.getvalue().splitlines() == [
        "",
        "  environment  staging (from ZENITH_ENV)",
        "  address      http://127.0.0.1:8000",
        "  engine       granian × 1 worker",
        "  routes       19 in 14 files",
        "",
        "  ready in 250 ms",
        "",
    ]


def test_colours_are_for_persons_who_did_not_decline() -> None:
    for person, environ, coloured in (
        (True, {}, True),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (False, {}, False),
    ):
        report, stream = printed(person=person, environ=environ)
        report.reloaded(0.08, "app.py")
        report.failed("It broke\nhere")
        assert ("\033[" in stream.getvalue()) is coloured
        assert "80 ms: app.py" in stream.getvalue()


def test_a_reload_tells_what_it_did_to_the_routes() -> None:
    report, stream = printed(person=False, environ={})
    came = Change("+", "GET /items", "routes/items.py:1")
    report.reloaded(0.08, "items.py", [came, Change("-", "POST /", "routes/index.py:9")])
    assert stream.getvalue().splitlines()[1:] == [
        "  + GET /items  routes/items.py:1",
        "  - POST /      routes/index.py:9",
    ]


def test_many_changed_routes_are_counted() -> None:
    report, stream = printed(person=False, environ={})
    report.reloaded(0.08, "app.py", [Change("~", f"GET /{n}", "a.py:1") for n in range(12)])
    assert stream.getvalue().splitlines()[-1] == "  and 2 more routes"


def test_a_reader_that_has_gone_is_no_error() -> None:
    class Gone(io.StringIO):
        def write(self, s: str, /) -> int:
            raise BrokenPipeError

    Report(Gone(), person=False, environ={}).note("hello")


def test_durations_are_in_milliseconds() -> None:
    assert milliseconds(1.2345) == "1234 ms"
