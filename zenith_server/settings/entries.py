"""What the sources say, as it is written; and what that means, or why it means nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from msgspec import Struct

from zenith_server.environment import EnvironmentName
from zenith_server.errors import Fault, suggestion
from zenith_server.settings.kinds import Kind, truth
from zenith_server.settings.value import Given, key_of, unknown_setting

if TYPE_CHECKING:
    from zenith_server.settings.kinds import Raw

LONGEST_SHOWN = 60


class Entry(Struct, frozen=True):
    """What one source says about one setting.

    Args:
        name: the setting, such as "server.port", "layers.cors" or "plugins.auth.issuer".
        raw: what is written: text or texts, for plugins any value.
        origin: where it is written.
        only_in: the environment whose block it stands in, if it stands in one.
    """

    name: str
    raw: object
    origin: str
    only_in: EnvironmentName | None = None


def given(entry: Entry) -> Given | Fault:
    """Return the value that an entry gives, or what is wrong with it."""
    if entry.name.startswith("plugins."):
        return Given(entry.origin, entry.raw)
    kind = _kind(entry.name)
    if kind is None:
        return unknown_setting(entry.name, (entry.origin,))
    if not isinstance(entry.raw, (str, tuple)):
        return _misfit(entry, kind)
    try:
        return Given(entry.origin, kind.read(cast("Raw", entry.raw)))
    except (TypeError, ValueError):
        return _misfit(entry, kind)


def _kind(name: str) -> Kind[object] | None:
    if name.startswith("layers."):
        return truth()
    key = key_of(name)
    return key.kind if key else None


def _misfit(entry: Entry, kind: Kind[object]) -> Fault:
    key = key_of(entry.name)
    value = "not" if key and key.secret else f"{_shown(entry.raw)}, not"
    return Fault(
        f"{entry.name} is {value} {kind.expected}{_meant(entry.raw, kind)}",
        (entry.origin,),
        fixes=("Correct the value, or remove it to have the default.",),
    )


def _meant(raw: object, kind: Kind[object]) -> str:
    meant = suggestion(raw.strip().lower(), kind.words) if isinstance(raw, str) else ""
    return f".{meant}" if meant else ""


def _shown(raw: object) -> str:
    if not isinstance(raw, (str, tuple)):
        return "a nested value"
    text = raw if isinstance(raw, str) else ", ".join(cast("tuple[str, ...]", raw))
    printable = "".join(letter if letter.isprintable() else "?" for letter in text)
    return f'"{printable[:LONGEST_SHOWN]}{"…" if len(printable) > LONGEST_SHOWN else ""}"'
