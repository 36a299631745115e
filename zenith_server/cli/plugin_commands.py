"""Commands of plugins: what they ask for by type comes from the project, the rest from the user."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zenith_server.cli.options import HERE, Env, ProjectFolder
from zenith_server.cli.project import settings_in
from zenith_server.database.databases import Databases
from zenith_server.manifest import Manifest
from zenith_server.plan import Plan
from zenith_server.settings import Settings

if TYPE_CHECKING:
    from zenith_server.plugin import Command

_WORDS = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
_GIVEN = (Settings, Manifest, Plan, Databases)
_ENV = inspect.Parameter("env", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Env)


def parsed(command: Command) -> Callable[..., Any]:
    """Return a function whose signature is what the command line takes for a command.

    Args:
        command: its parameters of the types in `_GIVEN` are taken out, the options `--project` and
            `--env` come in. The project may also be the last word, unless an argument before it
            may be left out: then nobody could tell the two apart.
    """
    whole = inspect.signature(command.run, eval_str=True)
    parameters = whole.parameters.values()
    given = {each.name: each.annotation for each in parameters if each.annotation in _GIVEN}
    asked = [each for each in parameters if each.name not in given]
    signature = inspect.Signature(_in_order([*asked, _project(asked), _ENV]))

    def call(*args: Any, **kwargs: Any) -> Any:
        said = signature.bind(*args, **kwargs)
        said.apply_defaults()
        project, env = said.arguments.pop("project"), said.arguments.pop("env")
        arguments = {**said.arguments, **_values(given, project, env)}
        bound = inspect.BoundArguments(whole, arguments)  # pyright: ignore[reportArgumentType]
        return command.run(*bound.args, **bound.kwargs)

    call.__doc__ = command.run.__doc__
    call.__name__ = command.name.rpartition(" ")[2]
    call.__signature__ = signature  # pyright: ignore[reportFunctionMemberAccess]
    call.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
    return call


def _project(asked: Iterable[inspect.Parameter]) -> inspect.Parameter:
    words = [each for each in asked if each.kind is not inspect.Parameter.KEYWORD_ONLY]
    is_clear = all(each.kind in _WORDS and each.default is each.empty for each in words)
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD if is_clear else inspect.Parameter.KEYWORD_ONLY
    return inspect.Parameter("project", kind, default=HERE, annotation=ProjectFolder)


def _in_order(parameters: Iterable[inspect.Parameter]) -> list[inspect.Parameter]:
    return sorted(parameters, key=lambda parameter: parameter.kind)


def _values(given: Mapping[str, type], project: Path, env: str | None) -> dict[str, object]:
    """What the project gives to the parameters that ask for it; no more is read than that."""
    settings = settings_in(project, env)
    found: dict[type, object] = {Settings: settings}
    wanted = set(given.values())
    if wanted - {Settings}:
        from zenith_server.boot import manifest_of, plugins_of

        plugins = plugins_of(settings)
        may_be_empty = not wanted & {Manifest, Plan}
        found[Manifest] = manifest = manifest_of(settings, plugins, may_be_empty=may_be_empty)
        if Databases in wanted:
            from zenith_server.declared import databases_of

            found[Databases] = databases_of(settings, manifest)
        if Plan in wanted:
            from zenith_server.compile import compile_plan

            found[Plan] = compile_plan(settings, manifest, plugins)
    return {name: found[kind] for name, kind in given.items()}
