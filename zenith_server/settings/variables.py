"""Environment variables, those of the process and those of .env files, as entries."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from zenith_server.environment import EnvironmentName
from zenith_server.errors import Fault
from zenith_server.settings.entries import Entry
from zenith_server.settings.value import KEYS, unknown_setting

if TYPE_CHECKING:
    from dotenv.parser import Binding

PREFIX = "ZENITH_"
TEST_PREFIX = "ZENITH_TEST_"

_CONVENTIONAL = {key.variable: name for name, key in KEYS.items() if key.variable}
_OWN = {key.variables[0]: name for name, key in KEYS.items()}


class Variable(Struct, frozen=True):
    """A variable, and where it is set.

    Args:
        name: its name.
        value: its value.
        origin: "environment variable PORT", or file and line.
    """

    name: str
    value: str
    origin: str


def process_variables(environ: Mapping[str, str]) -> Iterator[Variable]:
    """Yield the variables of the process; an empty one counts as not set."""
    for name, value in environ.items():
        if value:
            yield Variable(name, value, f"environment variable {name}")


def dotenv_names(environment: EnvironmentName) -> tuple[str, ...]:
    """Return the names of the .env files of an environment, the weakest first.

    Example:
        >>> dotenv_names("test")
        ('.env', '.env.test', '.env.local', '.env.test.local')
    """
    return (".env", f".env.{environment}", ".env.local", f".env.{environment}.local")


def dotenv_variables(
    root: Path, environment: EnvironmentName, environ: Mapping[str, str]
) -> Iterator[tuple[Variable | Fault, ...]]:
    """Yield for each .env file that exists what it sets and what is wrong with it, weakest first.

    `${NAME}` and `${NAME:-default}` are replaced except between single quotes: by the process's
    variable, or else by what a line before it says, in this file or in a weaker one.

    Args:
        root: the project folder.
        environment: the environment's name.
        environ: the process environment, which is left alone.
    """
    earlier: dict[str, str] = {}
    for name in dotenv_names(environment):
        if (root / name).is_file():
            yield tuple(_read_dotenv(root / name, environ, earlier))


def entries_of(variables: Iterable[Variable]) -> Iterator[Entry | Fault]:
    """Yield the settings that the variables of one source set; `ZENITH_…` follows the short names.

    Variables that mean nothing here are left to the project.
    """
    found = [variable for variable in variables if variable.value]
    for variable in found:
        if variable.name in _CONVENTIONAL:
            yield Entry(_CONVENTIONAL[variable.name], variable.value, variable.origin)
    for variable in found:
        if _is_own(variable.name):
            yield _own(variable)


def _is_own(name: str) -> bool:
    return name.startswith(PREFIX) and "__" in name and not name.startswith(TEST_PREFIX)


def _own(variable: Variable) -> Entry | Fault:
    section, name, *rest = variable.name.removeprefix(PREFIX).lower().split("__", 2)
    if variable.name in _OWN:
        return Entry(_OWN[variable.name], variable.value, variable.origin)
    is_open = section in ("plugins", "databases", "versions") and name and rest
    if is_open or (section == "layers" and name and not rest):
        return Entry(".".join((section, name, *rest)), variable.value, variable.origin)
    return unknown_setting(".".join((section, name, *rest)), (variable.origin,))


def _read_dotenv(
    file: Path, environ: Mapping[str, str], earlier: dict[str, str]
) -> Iterator[Variable | Fault]:
    try:
        bindings = _bindings(file)
    except (OSError, UnicodeDecodeError) as error:
        yield Fault(
            f"{file.name} cannot be read", (file.name,), f"{error}.", ("Save it as UTF-8.",)
        )
        return
    for binding in bindings:
        variable = _variable(binding, file.name, ChainMap(dict(environ), earlier))
        if isinstance(variable, Variable):
            earlier[variable.name] = variable.value
        if variable:
            yield variable


def _bindings(file: Path) -> list[Binding]:
    from dotenv.parser import parse_stream  # only where there is a .env file

    with file.open(encoding="utf-8") as stream:
        return list(parse_stream(stream))


def _variable(binding: Binding, file: str, known: Mapping[str, str]) -> Variable | Fault | None:
    origin = f"{file}:{_line(binding)}"
    if binding.error or (binding.key and binding.value is None):
        return _unreadable(origin)
    if not binding.key or binding.value is None:
        return None  # blank lines and comments
    if _in_single_quotes(binding):
        return Variable(binding.key, binding.value, origin)
    return _replaced(Variable(binding.key, binding.value, origin), known)


def _replaced(variable: Variable, known: Mapping[str, str]) -> Variable | Fault:
    from dotenv.variables import Variable as Reference
    from dotenv.variables import parse_variables

    atoms = list(parse_variables(variable.value))
    for atom in atoms:
        if isinstance(atom, Reference) and atom.default is None and atom.name not in known:
            return _nowhere_set(variable, atom.name)
    return replace(variable, value="".join(atom.resolve(known) for atom in atoms))


def _line(binding: Binding) -> int:
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _in_single_quotes(binding: Binding) -> bool:
    return binding.original.string.partition("=")[2].lstrip().startswith("'")


def _unreadable(origin: str) -> Fault:
    return Fault(
        f"{origin.partition(':')[0]} has a line that sets no variable",
        (origin,),
        "A line is `NAME=value`, a comment or blank; a value with spaces around a # or with line "
        "breaks stands in quotes.",
        ("Correct the line, or put a # before it.",),
    )


def _nowhere_set(variable: Variable, name: str) -> Fault:
    return Fault(
        f"{variable.name} refers to ${{{name}}}, which is not set",
        (variable.origin,),
        fixes=(
            f"Set {name} above it or in the environment, or write ${{{name}:-default}}.",
            "Put the value in single quotes if ${…} is meant as it stands.",
        ),
    )
