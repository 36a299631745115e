"""How a file, its URL and its module are called. Pure functions; nothing here touches a disk.

One vocabulary everywhere: `relative` is a file's path inside the project with forward slashes,
`url` a pattern such as `/users/{id}`, `module` the dotted name under which Python knows the file.
"""

from __future__ import annotations

import keyword
import re
from functools import cached_property
from typing import Literal

from msgspec import Struct

from zenith_server.errors import Fault, ProjectError

_STATIC = re.compile(r"[A-Za-z0-9._~-]+")
_PARAMETER = re.compile(r"\[(\.\.\.)?([^\[\]]*)\]")
_TEMPLATE = re.compile(r"\{([^{}:]+)(:path)?\}")
VERSION = re.compile(r"v[0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2}")
"""What a version of the API is called: a number, or the day from which it holds."""
_SAFE = re.compile(r"[A-Za-z0-9_]")


class Segment(Struct, frozen=True):
    """One part of a URL pattern between two slashes: fixed text, a parameter, or the whole rest."""

    kind: Literal["static", "parameter", "rest"]
    name: str

    def __str__(self) -> str:
        return self.name if self.kind == "static" else f"{{{self.name}}}"


class Pattern(Struct, frozen=True, dict=True):
    """The URLs that one endpoint answers.

    Example:
        >>> str(url_of("routes/users/[id]/posts.py"))
        '/users/{id}/posts'
    """

    segments: tuple[Segment, ...] = ()

    def __str__(self) -> str:
        return self._text

    # Each is asked for several times while a project starts, of all of its patterns.

    @cached_property
    def _text(self) -> str:
        return "/" + "/".join(map(str, self.segments))

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """The names of the parameters, left to right."""
        return tuple(segment.name for segment in self.segments if segment.kind != "static")

    @cached_property
    def shape(self) -> tuple[str, ...]:
        """What is left when parameter names do not matter: two patterns of one shape collide."""
        return tuple(
            segment.name if segment.kind == "static" else f"{{{segment.kind}}}"
            for segment in self.segments
        )

    @cached_property
    def is_static(self) -> bool:
        """Whether the pattern is one fixed URL."""
        return all(segment.kind == "static" for segment in self.segments)

    def __add__(self, other: Pattern) -> Pattern:
        return Pattern(self.segments + other.segments)


def url_of(relative: str) -> Pattern:
    """Return the URL pattern of a route file.

    Args:
        relative: the file inside the project, such as `routes/users/[id].py`.

    Raises:
        ProjectError: a name in it is neither a URL segment nor one of the bracket forms.

    Example:
        >>> str(url_of("routes/(admin)/files/[...path].py"))
        '/files/{path}'
    """
    *folders, name = relative.removeprefix("routes/").removesuffix(".py").split("/")
    if name != "index" and name.lower() == "index":
        raise ProjectError(wrong_case(relative, f"{relative[:-8]}index.py"))
    parts = [part for part in folders if not is_group(part)]
    parts += [] if name == "index" else [name]
    return _checked(Pattern(tuple(_segment(part, relative) for part in parts)), relative)


def template(text: str) -> Pattern:
    """Return the pattern written with braces, as decorators take it.

    Raises:
        ProjectError: a part of it is neither a URL segment nor one of the brace forms.

    Example:
        >>> str(template("/files/{path:path}"))
        '/files/{path}'
    """
    segments = tuple(_braced(part, text) for part in text.split("/") if part)
    return _checked(Pattern(segments), text)


def is_group(part: str) -> bool:
    """Whether a folder name is a `(group)`, which adds no segment to the URL."""
    return part.startswith("(") and part.endswith(")")


def module_of(relative: str) -> str:
    """Return the module name of a project file, different for any two files.

    A plain file keeps the name that `import` gives it. In a name that Python cannot spell, each
    foreign character is written as a letter behind ǀ, a letter that file names do not have (where
    one does, it is escaped too), so that tools which resolve dotted names find the module.

    Example:
        >>> module_of("models/article.py"), module_of("routes/users/[id].py")
        ('models.article', 'routes.users.ǀlidǀr')
    """
    return ".".join(_identifier(part) for part in relative.removesuffix(".py").split("/"))


def natural(text: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """Return a sort key that puts `2_auth` before `10_cache`; different texts are never equal.

    Example:
        >>> sorted(["10_cache.py", "2_auth.py"], key=natural)
        ['2_auth.py', '10_cache.py']
    """
    parts = re.split(r"([0-9]+)", text)
    numbered = ((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)
    return tuple(numbered), text


def wrong_case(found: str, expected: str) -> Fault:
    """Return the fault of a name that only its case keeps from having a meaning."""
    return Fault(
        f"{found} is written in another case than {expected}",
        (found,),
        "The name has a meaning only in lower case; some file systems would hide the difference.",
        (f"Rename it to {expected}.",),
    )


_MARK = "\u01c0"
_ESCAPES = {"[": "l", "]": "r", "(": "g", ")": "h", ".": "d", "-": "m", _MARK: "e"}


def _identifier(part: str) -> str:
    if part.isidentifier() and not keyword.iskeyword(part) and _MARK not in part:
        return part
    escaped = "".join(char if _SAFE.match(char) else _escape(char) for char in part)
    needs_head = escaped[:1].isdigit() or keyword.iskeyword(escaped)
    return f"{_MARK}q{escaped}" if needs_head else escaped


def _escape(char: str) -> str:
    letter = _ESCAPES.get(char)
    return f"{_MARK}{letter}" if letter else f"{_MARK}x{ord(char):x}{_MARK}"


def _segment(part: str, relative: str) -> Segment:
    bracket = _PARAMETER.fullmatch(part)
    if bracket:
        return _parameter(bracket[2], "[id]", rest=bool(bracket[1]), where=relative)
    return _static(part, relative, "[name], [...name], (group), or _private")


def _braced(part: str, where: str) -> Segment:
    brace = _TEMPLATE.fullmatch(part)
    if brace:
        return _parameter(brace[1], "{id}", rest=bool(brace[2]), where=where)
    return _static(part, where, "{name} or {name:path}")


def _static(part: str, where: str, others: str) -> Segment:
    if not _STATIC.fullmatch(part) or part in {".", ".."}:
        raise ProjectError(_unreadable(part, where, others))
    return Segment("static", part)


def _parameter(name: str, example: str, *, rest: bool, where: str) -> Segment:
    if not name.isidentifier() or keyword.iskeyword(name):
        raise ProjectError(
            Fault(
                f'"{name}" cannot be the name of a parameter',
                (where,),
                "The handler takes the value as an argument, so the name must be a Python name.",
                (f"Rename it, for example {example}.",),
            )
        )
    return Segment("rest" if rest else "parameter", name)


def _unreadable(part: str, where: str, others: str) -> Fault:
    return Fault(
        f'"{part}" is not a URL segment',
        (where,),
        f"A segment is letters, digits and . _ ~ -, or {others}.",
        (f'Rename "{part}".',),
    )


def _checked(pattern: Pattern, where: str) -> Pattern:
    names = pattern.parameters
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ProjectError(
            Fault(
                f"{pattern} takes {twice[0]} twice",
                (where,),
                "Each parameter of a URL is one argument of the handler.",
                ("Give the two different names.",),
            )
        )
    if any(segment.kind == "rest" for segment in pattern.segments[:-1]):
        raise ProjectError(
            Fault(
                f"{pattern} goes on after its catch-all",
                (where,),
                "A catch-all takes the whole rest of the URL, so nothing can follow it.",
                ("Make [...name] the last part.",),
            )
        )
    return pattern
