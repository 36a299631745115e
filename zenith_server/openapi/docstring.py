"""What a docstring says about a call, in the style of Google, NumPy or Sphinx."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field


class Doc(Struct, frozen=True):
    """The parts of a docstring.

    Args:
        summary: its first line.
        description: what stands between that and the first section.
        arguments: the text of each argument.
        returns: what is returned.
        raises: the text of each exception, by the name that is written there.
    """

    summary: str = ""
    description: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict[str, str])
    returns: str = ""
    raises: Mapping[str, str] = field(default_factory=dict[str, str])


def doc_of(call: Any) -> Doc:
    r"""Return the parts of a callable's docstring.

    Example:
        >>> def get(): "The tags in use.\n\nRaises:\n    NotFound: there are none."
        >>> doc_of(get).raises
        {'NotFound': 'there are none.'}
    """
    text = inspect.getdoc(call) if inspect.isroutine(call) else None
    if not text:
        return Doc()
    from docstring_parser import parse

    found = parse(text)  # in the style that understands most of it
    return Doc(
        found.short_description or "",
        found.long_description or "",
        {each.arg_name: _line(each.description) for each in found.params},
        _line(found.returns.description) if found.returns else "",
        {each.type_name: _line(each.description) for each in found.raises if each.type_name},
    )


def _line(text: str | None) -> str:
    return " ".join((text or "").split())
