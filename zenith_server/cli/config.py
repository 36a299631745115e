"""`zenith-server config`: which settings are in force, and who said so."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Annotated, cast

from cyclopts import Parameter

from zenith_server.cli.options import HERE, AsJson, Env, ProjectFolder
from zenith_server.cli.output import print_json, print_table

if TYPE_CHECKING:
    from zenith_server.settings import Explained

Key = Annotated[
    str, Parameter(help="A setting or a section, such as server.port; all if left out.")
]
Explain = Annotated[bool, Parameter(help="Tell what each setting does and what was overridden.")]


def config(
    key: Key = "",
    *,
    project: ProjectFolder = HERE,
    env: Env = None,
    explain: Explain = False,
    json: AsJson = False,
) -> int:
    """Print the settings in force and where they come from."""
    from zenith_server.cli.project import settings_in

    found = settings_in(project, env).explain(key)
    if json:
        print_json(found)
    elif explain:
        print("\n\n".join("\n".join(_paragraph(each)) for each in found))
    else:
        print_table(("SETTING", "VALUE", "ORIGIN"), map(_cells, found))
    return 0


def _cells(setting: Explained) -> tuple[str, str, str]:
    return setting.key, _text(setting.value), setting.origin


def _paragraph(setting: Explained) -> Iterator[str]:
    yield f"{setting.key} = {_text(setting.value)}"
    yield f"  from {setting.origin}"
    for given in setting.overridden:
        yield f"  instead of {_text(given.value)} from {given.origin}"
    if setting.description:
        yield f"  {setting.description}"
    if setting.variables:
        yield f"  variables: {', '.join(setting.variables)}"


def _text(value: object) -> str:
    if value is None or value in ((), []):
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, list | tuple):
        return ", ".join(map(_text, cast("Iterable[object]", value)))
    return str(value)
