"""Settings → manifest → plan → app: the whole of what happens between a folder and a server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from msgspec.structs import replace

from zenith_server.builtin import built_in, installed
from zenith_server.compile import draft_of
from zenith_server.declared import Declarations
from zenith_server.dispatch.dispatcher import Dispatcher
from zenith_server.errors import Fault, ProjectError
from zenith_server.handlers.container import Container, known_types
from zenith_server.handlers.form import form_opener
from zenith_server.handlers.inject import Injection
from zenith_server.handlers.signature import Known
from zenith_server.load import enter, load
from zenith_server.manifest import Convention, Manifest
from zenith_server.plan import Lifespan, Origin, Plan
from zenith_server.plugin import Plugin, in_order, plugins_in
from zenith_server.presets import PRESETS, layers_of
from zenith_server.scan import scan
from zenith_server.settings import Settings

PLUGIN_FILES = Convention("plugin", "plugins", deep=False, meaning="plugins of the project")


def boot(settings: Settings, declared: Declarations | None = None) -> Dispatcher:
    """Return the ASGI app of a project. Opens nothing; the lifespan does.

    Args:
        settings: the values of this start.
        declared: what code declares on its own `Zenith()`, in place of the one in `app.py`.

    Raises:
        ProjectError: everything that is wrong with the project.

    Example:
        >>> app = boot(read_settings(Path("example_project"), environment=environment, environ={}))
    """
    plugins = plugins_of(settings, declared)
    manifest = manifest_of(settings, plugins, may_be_empty=declared is not None)
    draft = draft_of(settings, manifest, plugins)
    return build(settings, draft.plan(), draft.all_faults())


def prepare(settings: Settings) -> tuple[tuple[str, str], ...]:
    """Do what must be done once before anything serves, such as migrations.

    Returns:
        Rows for the banner.

    Raises:
        ProjectError: it cannot be done, so nothing may serve.
    """
    return prepared(settings, boot(settings))


def prepared(_settings: Settings, app: Dispatcher) -> tuple[tuple[str, str], ...]:
    """Do the same with an app that is going to serve in this process.

    Raises:
        ProjectError: it cannot be done, so nothing may serve.
    """

    async def run() -> tuple[tuple[str, str], ...]:
        return tuple([(step.name, await step.run()) for step in app.plan.preparations])

    return asyncio.run(run()) if app.plan.preparations else ()


def plugins_of(settings: Settings, declared: Declarations | None = None) -> tuple[Plugin, ...]:
    """Return the plugins that take part, in the order in which they run."""
    others = (*installed(tuple(settings.plugins)), *_drop_ins(settings))
    *first, app = built_in(declared)
    # What app.py declares comes last, so that it can change what plugins do.
    plugins = in_order((*first, *others, app))
    on = layers_of(settings.environment.name, settings.layers)
    preset = {row.layer for row in PRESETS}
    return tuple(p for p in plugins if p.name in on or p.name not in preset)


def manifest_of(
    settings: Settings, plugins: tuple[Plugin, ...], *, may_be_empty: bool = False
) -> Manifest:
    """Return the project's files, and make it the project of this process.

    Raises:
        ProjectError: no file of the folder has a part to play.
    """
    conventions = [PLUGIN_FILES, *(c for plugin in plugins for c in plugin.conventions())]
    manifest = scan(settings.root, conventions)
    if not (manifest.files or manifest.faults or may_be_empty):
        raise ProjectError(_empty(manifest, conventions))
    enter(manifest, settings.environ)
    return manifest


def build(settings: Settings, plan: Plan, faults: Iterable[Fault] = ()) -> Dispatcher:
    """Return the app of a plan.

    Args:
        settings: the values of this start.
        plan: what to serve.
        faults: what is known to be wrong, to be told together with what is found here.

    Raises:
        ProjectError: all of it.
    """
    injection = injection_of(settings, plan)
    last = Lifespan("services", injection.container.running, Origin("services"))
    found = [*faults, *injection.container.faults()]
    try:
        app = Dispatcher(replace(plan, lifespans=(*plan.lifespans, last)), injection)
    except ProjectError as error:
        raise ProjectError(*dict.fromkeys([*found, *error.faults])) from error
    if found:
        raise ProjectError(*dict.fromkeys(found))
    return app


def injection_of(settings: Settings, plan: Plan) -> Injection:
    """Return what the handlers of a plan may ask for."""
    services = {service.cls: service for service in plan.services}
    return Injection(
        container=Container(Known(providers=known_types(plan.providers), services=services)),
        open_form=form_opener(settings.requests.form_limit),
        json_limit=settings.requests.json_limit,
        refuse_unknown=settings.requests.unknown_fields == "refuse",
    )


def _drop_ins(settings: Settings) -> list[Plugin]:
    """The plugins in the project's `plugins/`: every class of them that a file defines."""
    manifest = scan(settings.root, [PLUGIN_FILES])
    found: list[Plugin] = []
    faults: list[Fault] = []
    if manifest.files:
        enter(manifest, settings.environ)
    for file in manifest.files:
        try:
            own = plugins_in(load(file, manifest.root), file)
        except ProjectError as error:
            faults.extend(error.faults)
        else:
            found.extend(own)
    if faults:
        raise ProjectError(*faults)
    return found


def _empty(manifest: Manifest, conventions: list[Convention]) -> Fault:
    looked = dict.fromkeys(f"{c.folder or '.'}/{c.name}  {c.meaning}" for c in conventions)
    skipped = tuple(f"{file.relative}: {file.reason}" for file in manifest.skipped[:10])
    return Fault(
        f"There is nothing to serve in {manifest.root}",
        skipped,
        "Looked for:\n" + "\n".join(f"  {place}" for place in looked),
        (
            'Make a first route: routes/index.py with async def get(): return {"hello": "world"}',
            "Or start from a whole project: zenith-server new NAME",
        ),
    )
