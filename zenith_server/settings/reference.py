"""The tables of `docs/reference/settings.md`, made from the declared settings.

`python -m zenith_server.settings.reference docs/reference/settings.md` writes them anew.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from zenith_server.environment import ENVIRONMENTS
from zenith_server.presets import PRESETS
from zenith_server.settings.api import Version
from zenith_server.settings.keys import Key
from zenith_server.settings.value import KEYS, SECTIONS, VERSION_KEYS

MARK = "<!-- From here on written by `python -m zenith_server.settings.reference`. -->\n"


def tables() -> str:
    """Return the settings, section by section, and the presets, as Markdown."""
    sections = [
        "\n".join(_section(name, section.__doc__ or "")) for name, section in SECTIONS.items()
    ]
    return "\n".join([*sections, *_one_version(), *_presets()]) + "\n"


def write(page: Path) -> None:
    """Replace what stands below the mark in a page by the tables of today."""
    prose, mark, _ = page.read_text("utf-8").partition(MARK)
    page.write_text(f"{prose}{mark}\n{tables()}", "utf-8")


def _section(name: str, purpose: str) -> Iterator[str]:
    yield f"## {name}\n\n{purpose}\n"
    yield "| setting | value | default | variables | what it does |"
    yield "|---|---|---|---|---|"
    yield from (_row(key) for key in KEYS.values() if key.name.startswith(f"{name}."))
    yield ""


def _one_version() -> Iterator[str]:
    yield f"## versions.v1, versions.v2, …\n\n{Version.__doc__}\n"
    yield "| setting | value | default | what it does |"
    yield "|---|---|---|---|"
    for key in VERSION_KEYS.values():
        name = key.name.removeprefix("version.")
        yield f"| `{name}` | {key.kind.expected} | {_defaults(key)} | {key.description} |"
    yield ""


def _row(key: Key) -> str:
    variables = "<br>".join(f"`{variable}`" for variable in reversed(key.variables))
    kind = key.kind.expected.replace("|", "\\|")
    return f"| `{key.name}` | {kind} | {_defaults(key)} | {variables} | {key.description} |"


def _defaults(key: Key) -> str:
    general = "depends, see right" if key.computed else _shown(key.default)
    special = [f"{name}: {_shown(value)}" for name, value in key.by_environment.items()]
    return "<br>".join([general, *special])


def _shown(value: object) -> str:
    if value is None or value == ():
        return "none"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    parts = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (value,)
    return f"`{', '.join(_plain(part) for part in parts)}`"


def _plain(value: object) -> str:
    return str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _presets() -> Iterator[str]:
    yield "## layers\n\nWhich layers are on, outermost first; `layers:` switches each on or off.\n"
    yield f"| layer | {' | '.join(ENVIRONMENTS)} | why |"
    yield "|---" * (len(ENVIRONMENTS) + 2) + "|"
    for preset in PRESETS:
        marks = ["on" if name in preset.environments else "" for name in ENVIRONMENTS]
        yield f"| `{preset.layer}` | {' | '.join(marks)} | {preset.reason} |"


if __name__ == "__main__":
    write(Path(sys.argv[1]))
