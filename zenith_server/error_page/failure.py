"""What the page tells: one failure, with its problems, before it has any form."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from dataclasses import dataclass

from zenith_server.error_page.raised import Raised, Reader
from zenith_server.error_page.request import Asked, asked
from zenith_server.error_page.variables import Variable
from zenith_server.error_page.veil import Veil, veil_of
from zenith_server.error_page.windows import Sources, Window
from zenith_server.errors import Fault, ProjectError
from zenith_server.plan import Route
from zenith_server.protocol import Scope
from zenith_server.settings import Settings
from zenith_server.version import __version__

_AROUND = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Args:
        what: what it is, unless the exception says it.
        raised: the exception, if there is one.
        why: the rule that was broken.
        fixes: what to do about it.
        windows: the lines that are to blame.
        places: further places, which have no lines to show.
    """

    what: str = ""
    raised: Raised | None = None
    why: str = ""
    fixes: tuple[str, ...] = ()
    windows: tuple[Window, ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """Why something did not work.

    Args:
        what: what did not work.
        problems: what is wrong, in the order in which it should be read.
        facts: what it ran on.
        asked: the request, if it was one.
        root: the project's folder.
        editor: what opens a line (see `zenith_server.editors`).
        log: what the terminal has of it, word for word.
    """

    what: str
    problems: tuple[Problem, ...]
    facts: tuple[Variable, ...]
    root: str
    editor: str
    asked: Asked | None = None
    log: str = ""


def of_request(
    error: BaseException, scope: Scope, routes: Iterable[Route], settings: Settings
) -> Failure:
    """Return the failure of a request.

    Args:
        error: what the handler raised, or what was raised on the way to it.
        scope: the request.
        routes: all that there are.
        settings: of this start.
    """
    veil = veil_of(settings)
    told = asked(scope, routes, veil)
    sources = _sources(settings, veil)
    raised = Reader(sources, veil).read(error)
    handler = None if raised.own else sources.place(told.origin, _AROUND)
    problem = Problem(raised=raised, windows=(handler,) if handler else ())
    return _failure(f"{told.line.partition('?')[0]} failed", (problem,), settings, told)


def of_start(error: BaseException | None, text: str, settings: Settings) -> Failure:
    """Return the failure of a start.

    Args:
        error: what the project raised, or was refused with, where that is known.
        text: what the terminal says.
        settings: of this start.
    """
    veil = veil_of(settings)
    sources = _sources(settings, veil)
    if isinstance(error, ProjectError):
        problems = tuple(_of_fault(fault, sources, veil) for fault in error.faults)
    elif error is not None:
        problems = (Problem(raised=Reader(sources, veil).read(error)),)
    else:
        what, _, why = text.partition("\n")
        problems = (Problem(veil.text(what), why=veil.text(why).strip("\n")),)
    return _failure("The project does not start", problems, settings, log=veil.text(text))


def _of_fault(fault: Fault, sources: Sources, veil: Veil) -> Problem:
    raised = Reader(sources, veil).read(fault.cause) if fault.cause is not None else None
    shown = {where: sources.place(where, _AROUND) for where in fault.where}
    has_lines = {where for where, window in shown.items() if window is not None}
    told = {f"{f.window.name}:{f.window.line}" for f in raised.frames} if raised else set[str]()
    return Problem(
        veil.text(fault.what),
        raised,
        # The exception says the same, with more around it.
        "" if raised else veil.text(fault.why),
        tuple(map(veil.text, fault.fixes)),
        tuple(w for where, w in shown.items() if w is not None and where not in told),
        tuple(veil.text(where) for where in fault.where if where not in has_lines | told),
    )


def _failure(
    what: str,
    problems: tuple[Problem, ...],
    settings: Settings,
    told: Asked | None = None,
    log: str = "",
) -> Failure:
    root, editor = str(settings.root.resolve()), settings.errors.editor
    python = f"{platform.python_implementation()} {platform.python_version()}"
    facts = (
        ("project", root),
        ("environment", settings.environment.name),
        ("python", python),
        ("zenith-server", __version__),
    )
    return Failure(what, problems, facts, root, editor, told, log)


def _sources(settings: Settings, veil: Veil) -> Sources:
    return Sources(settings.root, veil)
