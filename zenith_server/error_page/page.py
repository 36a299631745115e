"""A failure as a page: HTML that stands by itself, and loads nothing."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Iterator
from functools import cache
from hashlib import sha256
from html import escape
from itertools import groupby
from pathlib import Path

from zenith_server.editors import link
from zenith_server.error_page.colours import Span
from zenith_server.error_page.failure import Failure, Problem
from zenith_server.error_page.raised import Frame, Raised
from zenith_server.error_page.request import Asked
from zenith_server.error_page.text import written
from zenith_server.error_page.variables import Variable
from zenith_server.error_page.windows import Window
from zenith_server.protocol import Headers

_OPEN = 5
"""So many frames of the project are open; a recursion has hundreds."""
_LONG = 140
_ICON = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'%3E"
    "%3Ccircle cx='4.5' cy='4.5' r='4' fill='%23d1443a'/%3E%3C/svg%3E"
)
_CODE = re.compile(r"`([^`\n]+)`")


def page(failure: Failure) -> str:
    """Return the page, without an end: scripts may follow."""
    first = failure.problems[0]
    title = first.what or (first.raised.kind if first.raised else failure.what)
    parts = [
        "<!doctype html>",
        '<html lang="en">',
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{escape(title)}</title>",
        f'<link rel="icon" href="{_ICON}">',
        f"<style>{_file('page.css')}</style>",
        *_Writer(failure).body(),
        f"<script>{_file('page.js')}</script>",
    ]
    return "\n".join(parts)


@cache
def headers() -> Headers:
    """Return what the page is sent with: it may run and load what is in it, and nothing else.

    The server's own script, which renews pages, is the one exception.
    """
    policy = (
        f"default-src 'none'; style-src {_hash('page.css')}; script-src 'self' {_hash('page.js')}; "
        "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return [
        (b"content-type", b"text/html; charset=utf-8"),
        (b"content-security-policy", policy.encode()),
        (b"cache-control", b"no-store"),
        (b"vary", b"Accept"),
    ]


@cache
def _file(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _hash(name: str) -> str:
    return f"'sha256-{b64encode(sha256(_file(name).encode()).digest()).decode()}'"


class _Writer:
    """Writes one page."""

    def __init__(self, failure: Failure) -> None:
        self._failure = failure
        self._opened = 0

    def body(self) -> Iterator[str]:
        failure = self._failure
        yield '<header class="top">'
        yield f'<p class="what">{escape(failure.what)}</p>'
        yield '<button type="button" id="copy" hidden>Copy as text</button>'
        yield "</header>"
        yield "<main>"
        if len(failure.problems) > 1:
            yield f'<p class="count">{len(failure.problems)} things are wrong.</p>'
        for number, problem in enumerate(failure.problems):
            yield from self._problem(problem, is_first=number == 0)
        yield "</main>"
        yield "<aside>"
        yield from self._aside()
        yield "</aside>"
        yield '<footer><details class="plain"><summary>As text</summary>'
        yield f'<pre id="text">{escape(failure.log or written(failure))}</pre></details>'
        yield f"<p>{_ending(failure)}</p></footer>"

    def _problem(self, problem: Problem, *, is_first: bool) -> Iterator[str]:
        raised, heading = problem.raised, "h1" if is_first else "h2"
        yield '<section class="problem">'
        if problem.what:
            yield f'<{heading} class="title">{_prose(problem.what)}</{heading}>'
            yield _message(raised, "p") if raised else ""
        elif raised:
            yield _message(raised, heading)
        yield from _chain(raised)
        if problem.why:
            yield f'<p class="why">{_prose(problem.why)}</p>'
        yield from _notes(raised)
        if problem.fixes:
            fixes = "".join(f"<li>{_prose(fix)}</li>" for fix in problem.fixes)
            yield f'<div class="fix"><h3>To fix it</h3><ul>{fixes}</ul></div>'
        for window in problem.windows:
            yield from self._lines(window)
        if problem.places:
            places = ", ".join(map(self._named, problem.places))
            told = "The same breaks" if problem.raised else "At"
            yield f'<p class="places">{told} {places}</p>'
        if raised:
            yield from self._frames(raised)
            yield from self._others(raised)
        yield "</section>"

    def _others(self, raised: Raised) -> Iterator[str]:
        for other in raised.others:
            yield f'<section class="other" id="{_id(other)}">'
            yield f'<p class="link">{escape(other.link)}</p>'
            yield _message(other, "h2")
            yield from _notes(other)
            yield from self._frames(other)
            yield from self._others(other)
            yield "</section>"

    def _frames(self, raised: Raised) -> Iterator[str]:
        for is_own, group in groupby(raised.frames, key=lambda frame: frame.is_own):
            frames = list(group)
            if is_own:
                for frame in frames:
                    yield from self._own(frame)
            else:
                yield from self._libraries(frames)

    def _own(self, frame: Frame) -> Iterator[str]:
        self._opened += 1
        yield _skipped(frame)
        is_open = " open" if self._opened <= _OPEN else ""
        yield f'<details class="frame own"{is_open}><summary>{self._place(frame)}</summary>'
        yield _code(frame.window)
        yield from _variables(frame.variables, is_open=self._opened == 1)
        yield "</details>"

    def _libraries(self, frames: list[Frame]) -> Iterator[str]:
        names = dict.fromkeys(_library(frame.window) for frame in frames)
        told = ", ".join(f"<b>{escape(name)}</b>" for name in names)
        number = "1 frame" if len(frames) == 1 else f"{len(frames)} frames"
        yield f'<details class="libraries"><summary>{number} in {told}</summary>'
        for frame in frames:
            yield _skipped(frame)
            yield f'<details class="frame"><summary>{self._place(frame)}</summary>'
            yield _code(frame.window)
            yield from _variables(frame.variables, is_open=False)
            yield "</details>"
        yield "</details>"

    def _lines(self, window: Window) -> Iterator[str]:
        yield '<details class="frame own" open><summary>'
        yield f"{self._linked(window)}</summary>"
        yield f"{_code(window)}</details>"

    def _place(self, frame: Frame) -> str:
        call = f' <span class="call">in {escape(frame.call)}</span>' if frame.call else ""
        return f"{self._linked(frame.window)}{call}"

    def _linked(self, window: Window) -> str:
        folder, slash, name = window.name.rpartition("/")
        label = f"{escape(folder + slash)}<b>{escape(name)}</b>:{window.line}"
        return self._to_editor(window.file, window.line, label)

    def _named(self, place: str) -> str:
        file = Path(self._failure.root, place)
        label = escape(place)
        return self._to_editor(str(file), 1, label) if file.is_file() else f"<code>{label}</code>"

    def _to_editor(self, file: str, line: int, label: str) -> str:
        url = "" if file.startswith("<") else link(self._failure.editor, file, line)
        if not url:
            return f'<span class="place">{label}</span>'
        return f'<a class="place" href="{escape(url)}" title="Open in the editor">{label}</a>'

    def _aside(self) -> Iterator[str]:
        told = self._failure.asked
        if told is not None:
            yield "<h2>Request</h2>"
            yield from _table((("", told.line),))
            yield from self._route(told)
            yield from _part("Path", told.path)
            yield from _part("Query", told.query)
        yield "<h2>Runs on</h2>"
        yield from _table(self._failure.facts)
        if told is not None:
            yield from _part("Headers", told.headers, "h2")

    def _route(self, told: Asked) -> Iterator[str]:
        rows = [("id", escape(told.identity))] if told.identity else []
        if told.route:
            rows.insert(0, ("route", escape(told.route)))
        file, _, line = told.origin.rpartition(":")
        if line.isdecimal():
            whole = f"{self._failure.root}/{file}"
            rows.insert(1, ("handler", self._to_editor(whole, int(line), escape(told.origin))))
        elif told.origin:
            rows.insert(1, ("handler", escape(told.origin)))
        yield from _rows(rows)


def _part(name: str, values: tuple[Variable, ...], heading: str = "h3") -> Iterator[str]:
    if values:
        yield f"<{heading}>{name}</{heading}>"
        yield from _table(values)


def _message(raised: Raised, heading: str) -> str:
    module, dot, name = raised.kind.rpartition(".")
    size = " long" if len(raised.message) > _LONG or "\n" in raised.message else ""
    kind = f'<span class="module">{escape(module + dot)}</span>{escape(name)}'
    message = f'<span class="message">{escape(raised.message)}</span>' if raised.message else ""
    return f'<{heading} class="raised{size}"><span class="kind">{kind}</span> {message}</{heading}>'


def _chain(raised: Raised | None) -> Iterator[str]:
    """Say at once what it came of, which is told in full further down."""
    for other in raised.others if raised else ():
        name = other.kind.rpartition(".")[2]
        told = f"{name}: {other.message}" if other.message else name
        short = told if len(told) <= _LONG else f"{told[:_LONG]}…"
        link = f'<a href="#{_id(other)}">{escape(short)}</a>'
        yield f'<p class="chain">{escape(other.link)} {link}</p>'


def _id(raised: Raised) -> str:
    return f"raised-{id(raised)}"


def _notes(raised: Raised | None) -> Iterator[str]:
    for note in raised.notes if raised else ():
        yield f'<p class="note">{escape(note)}</p>'


def _skipped(frame: Frame) -> str:
    if not frame.skipped:
        return ""
    return f'<p class="skipped">{frame.skipped:,} frames between these are left out</p>'


def _code(window: Window) -> str:
    if not window.lines:
        return '<p class="skipped">The lines of this file cannot be read.</p>'
    rows = [
        _row(number, spans, window) for number, spans in enumerate(window.lines, start=window.first)
    ]
    return f'<pre class="code"><code>{"".join(rows)}</code></pre>'


def _row(number: int, spans: tuple[Span, ...], window: Window) -> str:
    is_it = number == window.line
    marked = _marked(spans, *window.columns) if is_it and window.columns else _plain(spans)
    kind = ' class="failing"' if is_it else ""
    return f'<span data-line="{number}"{kind}>{marked}\n</span>'


def _marked(spans: tuple[Span, ...], begin: int, end: int) -> str:
    """Write a line with a mark around some of its letters, whose colours stay."""
    parts = (_cut(spans, 0, begin), _cut(spans, begin, end), _cut(spans, end, None))
    before, inside, after = map(_plain, parts)
    return f"{before}<mark>{inside}</mark>{after}"


def _cut(spans: tuple[Span, ...], begin: int, end: int | None) -> Iterator[Span]:
    at = 0
    for kind, text in spans:
        cut = text[max(0, begin - at) : None if end is None else max(0, end - at)]
        at += len(text)
        if cut:
            yield kind, cut


def _plain(spans: Iterable[Span]) -> str:
    return "".join(
        f'<span class="{kind}">{escape(text)}</span>' if kind else escape(text)
        for kind, text in spans
    )


def _variables(variables: tuple[Variable, ...], *, is_open: bool) -> Iterator[str]:
    if variables:
        opened = " open" if is_open else ""
        yield f'<details class="variables"{opened}><summary>Variables</summary>'
        yield from _table(variables)
        yield "</details>"


def _table(pairs: Iterable[Variable]) -> Iterator[str]:
    yield from _rows((name, escape(value)) for name, value in pairs)


def _rows(rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    yield "<table>"
    for name, value in rows:
        head = f"<th>{escape(name)}</th>" if name else ""
        yield f"<tr>{head}<td{'' if name else ' colspan=2'}>{value}</td></tr>"
    yield "</table>"


def _library(window: Window) -> str:
    if window.name.startswith("<"):
        return "importlib" if "importlib" in window.name else "generated code"
    first, slash, _ = window.name.lstrip("/").partition("/")
    return first if slash else first.removesuffix(".py")


def _prose(text: str) -> str:
    return _CODE.sub(r"<code>\1</code>", escape(text))


def _ending(failure: Failure) -> str:
    shown = "Shown in development only, and to this machine only. Secrets are covered."
    return shown if failure.asked else f"The next save that works replaces this page. {shown}"
