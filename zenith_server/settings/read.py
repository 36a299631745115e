"""From files, variables and options to the settings: one value per setting, all faults at once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from msgspec.structs import replace

from zenith_server.environment import SHORT_FORMS, VARIABLES, Environment
from zenith_server.errors import Fault, ProjectError
from zenith_server.settings.api import Version
from zenith_server.settings.entries import Entry, given
from zenith_server.settings.keys import declared
from zenith_server.settings.kinds import Raw
from zenith_server.settings.rules import faults_of, warnings_of
from zenith_server.settings.sections import Database
from zenith_server.settings.value import KEYS, SECTIONS, Given, Settings
from zenith_server.settings.variables import (
    Variable,
    dotenv_variables,
    entries_of,
    process_variables,
)

Givens = dict[str, tuple[Given, ...]]


def read_settings(
    root: Path,
    *,
    environment: Environment,
    environ: Mapping[str, str],
    options: Mapping[str, object] | None = None,
) -> Settings:
    """Read the settings of a project from every source; stronger sources win.

    From weak to strong: defaults of the environment, zenith.yaml, its block for the environment,
    .env, .env.<environment>, .env.local, .env.<environment>.local, the process environment,
    the command line.

    Args:
        root: the project folder.
        environment: what `detect` returned.
        environ: the process environment; it is not changed.
        options: settings from the command line by name; None counts as not given.

    Raises:
        ProjectError: with everything that is wrong, in all sources.

    Example:
        >>> said = Environment("production", "from --env")
        >>> settings = read_settings(Path("/nowhere"), environment=said, environ={"PORT": "80"})
        >>> settings.server.port, settings.origin("server.port")
        (80, 'environment variable PORT')
    """
    files = tuple(dotenv_variables(root, environment.name, environ))
    found = (
        *_from_yaml(root),
        *(entry for file in files for entry in _from_dotenv(file)),
        *entries_of(process_variables(environ)),
        *_from_options(options or {}),
    )
    givens, faults = _understood(found, environment)
    settings = _built(root, environment, givens)
    faults.extend(faults_of(settings))
    if faults:
        raise ProjectError(*faults)
    dotenv = [variable for file in files for variable in file if isinstance(variable, Variable)]
    return replace(
        settings,
        environ={**{variable.name: variable.value for variable in dotenv}, **environ},
        warnings=(*warnings_of(settings), *_undecided(dotenv, environment)),
    )


def _from_yaml(root: Path) -> Iterator[Entry | Fault]:
    if (root / "zenith.yml").exists():
        yield Fault("zenith.yml is not read", ("zenith.yml",), fixes=("Name it zenith.yaml.",))
    if (root / "zenith.yaml").exists():
        from zenith_server.settings.yaml_file import read_yaml  # PyYAML, only where it is needed

        yield from sorted(read_yaml(root / "zenith.yaml"), key=_is_in_block)


def _is_in_block(found: Entry | Fault) -> bool:
    return isinstance(found, Entry) and found.only_in is not None


def _from_dotenv(file: Iterable[Variable | Fault]) -> Iterator[Entry | Fault]:
    found = tuple(file)
    yield from (each for each in found if isinstance(each, Fault))
    yield from entries_of(each for each in found if isinstance(each, Variable))


def _from_options(options: Mapping[str, object]) -> Iterator[Entry]:
    for name, value in options.items():
        if value is not None:
            yield Entry(name, _as_raw(value), f"command line {_flag(name, value)}")


def _flag(name: str, value: object) -> str:
    return f"--{'no-' if value is False else ''}{name.rpartition('.')[2].replace('_', '-')}"


def _as_raw(value: object) -> Raw:
    if isinstance(value, (list, tuple)):
        return tuple(str(each) for each in cast("Iterable[object]", value))
    return str(value)


def _understood(
    found: Iterable[Entry | Fault], environment: Environment
) -> tuple[Givens, list[Fault]]:
    """Split what was found into values, the strongest first for each setting, and faults."""
    givens: Givens = {}
    faults: list[Fault] = []
    for each in found:
        value = given(each) if isinstance(each, Entry) else each
        if isinstance(value, Fault):
            faults.append(value)
        elif isinstance(each, Entry) and each.only_in in (None, environment.name):
            givens[each.name] = (value, *givens.get(each.name, ()))
    return givens, faults


def _built(root: Path, environment: Environment, givens: Givens) -> Settings:
    known = {name: givens.get(name, ()) + _default(name, environment) for name in KEYS}
    sections: dict[str, Any] = {
        name: section(**_below(name, known)) for name, section in SECTIONS.items()
    }
    return Settings(
        root,
        environment,
        **sections,
        databases=_databases(givens, environment),
        by_version=_versions(givens),
        layers=_below("layers", givens),
        plugins=_plugins(_below("plugins", givens)),
        givens={**givens, **known},
    )


def _databases(givens: Givens, environment: Environment) -> dict[str, Database]:
    found: dict[str, dict[str, Any]] = {}
    for place, value in _below("databases", givens).items():
        name, _, key = place.partition(".")
        found.setdefault(name, {})[key] = value
    usual = {key.name: _default(key.name, environment) for key in declared("database", Database)}
    return {name: Database(**_below("database", usual) | own) for name, own in found.items()}


def _versions(givens: Givens) -> dict[str, Version]:
    found: dict[str, dict[str, Any]] = {}
    for place, value in _below("versions", givens).items():
        name, _, key = place.partition(".")
        if key:
            found.setdefault(name, {})[key] = value
    return {name: Version(**own) for name, own in found.items()}


def _default(name: str, environment: Environment) -> tuple[Given]:
    value, reason = KEYS[name].default_in(environment)
    return (Given(reason, value),)


def _below(section: str, givens: Givens) -> dict[str, Any]:
    prefix = f"{section}."
    return {
        name.removeprefix(prefix): each[0].value
        for name, each in givens.items()
        if name.startswith(prefix)
    }


def _plugins(values: Mapping[str, object]) -> dict[str, dict[str, object]]:
    plugins: dict[str, dict[str, object]] = {}
    for place, value in values.items():
        name, _, key = place.partition(".")
        own = plugins.setdefault(name, {})
        if key:
            own[key] = value
    return plugins


def _undecided(variables: Iterable[Variable], environment: Environment) -> Iterator[Fault]:
    for variable in variables:
        word = variable.value.strip().lower()
        if variable.name in VARIABLES and SHORT_FORMS.get(word, word) != environment.name:
            yield _not_read(variable, environment)


def _not_read(variable: Variable, environment: Environment) -> Fault:
    return Fault(
        f"{variable.name} does not decide the environment here, which is {environment.name}",
        (variable.origin,),
        "The environment decides which .env files are read, so it is known before them.",
        (f"Set {variable.name} in the process environment, or use --env.",),
    )
