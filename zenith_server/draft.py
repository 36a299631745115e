"""The plan while it is open: plugins add to it, then it is frozen."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from types import ModuleType
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from zenith_server.errors import Fault, ProjectError
from zenith_server.load import load, relative_of, with_traceback
from zenith_server.manifest import Manifest, ProjectFile
from zenith_server.names import Pattern, template
from zenith_server.plan import (
    Check,
    Choice,
    ErrorMapping,
    Fact,
    Guard,
    Hook,
    Idle,
    Inline,
    Layer,
    Lifespan,
    Measure,
    Origin,
    Plan,
    Preparation,
    Provider,
    Route,
    Service,
)
from zenith_server.protocol import ASGIApp, Headers, Message, Scope
from zenith_server.running import Running
from zenith_server.settings import Settings

if TYPE_CHECKING:
    from zenith_server.reply import Reply


class Draft(Struct):
    """What a plugin writes on.

    Args:
        settings: the values of this start.
        manifest: the project's files.

    Example:
        >>> def setup(self, draft: Draft) -> None:
        ...     draft.route("GET", "/version", version)
    """

    settings: Settings
    manifest: Manifest
    plugin: str = ""
    faults: list[Fault] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    layers: list[Layer] = field(default_factory=list)
    hooks: list[Hook] = field(default_factory=list)
    guards: list[Guard] = field(default_factory=list)
    errors: list[ErrorMapping] = field(default_factory=list)
    providers: list[Provider] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    lifespans: list[Lifespan] = field(default_factory=list)
    preparations: list[Preparation] = field(default_factory=list)
    drains: list[Callable[[], None]] = field(default_factory=list)
    facts: list[Fact] = field(default_factory=list)
    choices: list[Choice] = field(default_factory=list)
    measures: list[Measure] = field(default_factory=list)
    silent: list[Idle] = field(default_factory=list)
    running: Running = field(default_factory=Running)

    # --- what there is ---

    def files(self, kind: str) -> tuple[ProjectFile, ...]:
        """Return the project's files of one kind, in order."""
        return self.manifest.of(kind)

    def modules(self, kind: str) -> Iterator[tuple[ProjectFile, ModuleType]]:
        """Import the files of one kind; one that fails is a fault, and the rest go on."""
        for file in self.files(kind):
            try:
                yield file, load(file, self.manifest.root)
            except ProjectError as error:
                full = self.settings.logging.full_traceback
                for fault in with_traceback(error) if full else error.faults:
                    self._note(fault)

    def _note(self, fault: Fault) -> None:
        """Note a fault, or one more file that it breaks: a line is told once."""
        for index, known in enumerate(self.faults):
            if (known.where[:1], known.why) == (fault.where[:1], fault.why):
                where = dict.fromkeys((*known.where, *fault.where))
                self.faults[index] = replace(known, where=tuple(where))
                return
        self.faults.append(fault)

    def read(self, file: ProjectFile) -> str:
        """Return the text of a file that is not Python."""
        return (self.manifest.root / file.relative).read_text(encoding="utf-8")

    def origin(self, call: Any = None) -> Origin:
        """Return where something was declared: its line in the project, or this plugin."""
        if hasattr(call, "__wrapped__"):
            call = inspect.unwrap(call)
        code = getattr(call, "__code__", None)
        if code is None:
            return self.place()
        return self.place(code.co_filename, code.co_firstlineno)

    def place(self, filename: str = "", line: int = 0) -> Origin:
        """Return a line as an origin, if it is one of the project; else this plugin."""
        relative = relative_of(filename, self.manifest.root) if filename else None
        return Origin(relative, line) if relative else Origin(f"plugin {self.plugin}")

    def shared(self, kind: str) -> Any:
        """Return the app-wide value of a type that an earlier plugin provides.

        Args:
            kind: the dotted name of the type.

        Raises:
            LookupError: no plugin before this one provides it.

        Example:
            >>> database = draft.shared("zenith_server.database.engines.Database")
        """
        for provider in self.providers:
            if kind in provider.types and provider.per == "app":
                return provider.make()()
        raise LookupError(f"No plugin before {self.plugin} provides {kind}")

    # --- what plugins add ---

    def route(
        self,
        method: str,
        pattern: Pattern | str,
        handler: Callable[..., Any],
        *,
        origin: Origin | None = None,
        layers: Iterable[Layer] = (),
        guards: Iterable[Guard] = (),
        errors: Iterable[ErrorMapping] = (),
        outside: bool = False,
    ) -> None:
        """Answer one method of one pattern (see `Route`)."""
        where = origin or self.origin(handler)
        shape = template(pattern) if isinstance(pattern, str) else pattern
        parts = (tuple(layers), tuple(guards), tuple(errors))
        self.routes.append(Route(shape, method, handler, where, *parts, outside))

    def layer(
        self, name: str, wrap: Callable[[ASGIApp], ASGIApp], origin: Origin | None = None
    ) -> None:
        """Put an ASGI middleware around the app, inside the ones before it (see `Layer`)."""
        self.layers.append(Layer(name, wrap, origin or self.origin()))

    def hook(
        self,
        name: str,
        *,
        headers: Iterable[tuple[bytes, bytes]] = (),
        start: Callable[..., Reply | None] | Inline | None = None,
        reply: Callable[[Scope, Message, Headers], None] | Inline | None = None,
        finish: Callable[[Scope], None] | Inline | None = None,
        **more: Any,
    ) -> None:
        """Look at requests and add headers without a layer (see `Hook`)."""
        self.hooks.append(Hook(name, self.origin(), tuple(headers), start, reply, finish, **more))

    def guard(self, call: Callable[..., Any], origin: Origin | None = None) -> None:
        """Run a function before every handler, injected like one (see `Guard`)."""
        self.guards.append(Guard(call, origin or self.origin(call)))

    def on_error(
        self,
        exception: type[Exception] | str,
        handler: Callable[..., Any],
        origin: Origin | None = None,
    ) -> None:
        """Turn an exception into a response; of one exception the last mapping wins."""
        self.errors.append(ErrorMapping(exception, handler, origin or self.origin(handler)))

    def provide(self, *types: str, make: Callable[[], Callable[..., Any]], **more: Any) -> None:
        """Let parameters ask for a type by its dotted name (see `Provider`)."""
        self.providers.append(Provider(types, make, self.origin(), **more))

    def service(self, cls: type[Any], origin: Origin | None = None) -> None:
        """Let parameters ask for a class, made by its constructor's own parameters."""
        self.services.append(Service(cls, origin or self.origin()))

    def check(self, name: str, call: Callable[[], Awaitable[str]]) -> None:
        """Let readiness depend on a coroutine that raises when something is not well."""
        self.checks.append(Check(name, call, self.origin(call)))

    def lifespan(self, name: str, opened: Callable[[], AbstractAsyncContextManager[Any]]) -> None:
        """Open something when the app starts and close it when the app stops."""
        self.lifespans.append(Lifespan(name, opened, self.origin()))

    def prepare(self, name: str, run: Callable[[], Awaitable[str]]) -> None:
        """Do something once per start, before any worker serves."""
        self.preparations.append(Preparation(name, run, self.origin()))

    def drain(self, call: Callable[[], None]) -> None:
        """Call something when the process has been told to stop, before it stops accepting."""
        self.drains.append(call)

    def choose(self, look: Callable[[Scope, list[str]], list[str] | None]) -> None:
        """Look elsewhere for a path that no route answers (see `Choice`)."""
        self.choices.append(Choice(look, self.origin(look)))

    def idle(self, name: str, reason: str) -> None:
        """Say that a part does nothing here, and why, for lists of what is on."""
        self.silent.append(Idle(name, reason))

    def measure(self, call: Measure) -> None:
        """Tell at /metrics what was counted, wherever somebody may ask for it."""
        self.measures.append(call)

    def fact(self, label: str, value: Callable[[], str]) -> None:
        """Add a row to the banner."""
        self.facts.append(Fact(label, value))

    # --- the end ---

    def freeze(self) -> Plan:
        """Return the plan.

        Raises:
            ProjectError: every fault that was noted, and every conflict between routes.
        """
        faults = self.all_faults()
        if faults:
            raise ProjectError(*faults)
        return self.plan()

    def all_faults(self) -> tuple[Fault, ...]:
        """Return every fault that was noted, and every conflict between routes."""
        return tuple(dict.fromkeys([*self.faults, *_conflicts(self.routes)]))

    def plan(self) -> Plan:
        """Return what is there so far, for lists; whatever serves a plan takes it from `freeze`."""
        return Plan(
            tuple(self.routes),
            tuple(self.layers),
            tuple(self.hooks),
            tuple(self.guards),
            tuple(self.errors),
            tuple(self.providers),
            tuple(self.services),
            tuple(self.checks),
            tuple(self.lifespans),
            tuple(self.preparations),
            tuple(self.drains),
            tuple(self.facts),
            tuple(self.silent),
            tuple(self.choices),
            tuple(self.measures),
        )


def _conflicts(routes: list[Route]) -> Iterator[Fault]:
    yield from _twice(routes)
    yield from _two_names(routes)


def _twice(routes: list[Route]) -> Iterator[Fault]:
    seen: dict[tuple[tuple[str, ...], str], Route] = {}
    for route in routes:
        first = seen.setdefault((route.pattern.shape, route.method), route)
        if first is not route:
            yield Fault(
                f"{route.method} {route.pattern} is defined twice",
                (str(first.origin), str(route.origin)),
                "One URL and method has one handler.",
                ("Rename or delete one of the two.",),
            )


def _two_names(routes: list[Route]) -> Iterator[Fault]:
    """Sibling parameters with different names: the same place in the URL, called differently."""
    seen: dict[tuple[str, ...], tuple[str, Route]] = {}
    for route in routes:
        if route.pattern.is_static:
            continue
        for index, segment in enumerate(route.pattern.segments):
            if segment.kind == "static":
                continue
            place = route.pattern.shape[: index + 1]
            name, first = seen.setdefault(place, (segment.name, route))
            if name != segment.name:
                yield Fault(
                    f"{first.pattern} and {route.pattern} name the same segment differently",
                    (str(first.origin), str(route.origin)),
                    f"One calls it {name}, the other {segment.name}; it is one place in the URL.",
                    (f"Rename [{segment.name}] to [{name}], or the other way round.",),
                )
