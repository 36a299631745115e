"""What operations are called: identifiers that make good method names, and tags."""

from __future__ import annotations

import re
from collections.abc import Iterable

from zenith_server.handlers.schema import fields, is_many, is_struct, members
from zenith_server.names import VERSION, is_group
from zenith_server.openapi.answers import Answer
from zenith_server.openapi.operation import Operation
from zenith_server.plan import Route

_PREFIX = re.compile(rf"api|{VERSION.pattern}")
_VERBS = {"PUT": "replace", "PATCH": "update", "DELETE": "delete"}


def operation_ids(operations: Iterable[Operation]) -> list[str]:
    """Return a name for each operation, different for any two.

    A handler with a name of its own keeps it; the others are called by what they do to what:
    `list_articles`, `get_article`, `create_article`, `delete_article_comment`.
    """
    taken: set[str] = set()
    names: list[str] = []
    for each in operations:
        choices = (_short(each), _long(each))
        free = [name for name in choices if name not in taken]
        name = free[0] if free else _numbered(choices[-1], taken)
        taken.add(name)
        names.append(name)
    return names


def tag_of(route: Route) -> str:
    """Return the tag of a route: the first folder below `routes/`, `api` and versions apart.

    Example:
        >>> tag_of(Route(pattern, "GET", handler, Origin("routes/api/articles/[slug].py", 3)))
        'articles'
    """
    where = route.origin.where
    if where.startswith("routes/"):
        parts = where.removeprefix("routes/").removesuffix(".py").split("/")
        names = [p.strip("()") if is_group(p) else p for p in parts if "[" not in p]
    else:
        names = [s.name for s in route.pattern.segments if s.kind == "static"]
    named = [name for name in names if not _PREFIX.fullmatch(name) and name != "index"]
    return named[0] if named else ""


def words(name: str) -> str:
    """Return an identifier as a line of text.

    Example:
        >>> words("list_articles")
        'List articles'
    """
    return name.replace("_", " ").strip().capitalize()


def _short(each: Operation) -> str:
    own = getattr(each.route.handler, "__name__", "").lower()
    if own.isidentifier() and own != each.route.method.lower() and own != "<lambda>":
        return own.strip("_") or "call"
    segments = each.route.pattern.segments
    parts: list[str] = []
    for index, segment in enumerate(segments):
        if segment.kind == "static" and not (not parts and _PREFIX.fullmatch(segment.name)):
            is_one = index + 1 < len(segments) and segments[index + 1].kind == "parameter"
            parts.append(_one_of(segment.name) if is_one else segment.name)
    verb = _verb(each)
    if verb == "create" and parts:
        parts[-1] = _one_of(parts[-1])
    return _identifier([verb, *(parts or ["root"])])


def _long(each: Operation) -> str:
    """The whole URL with its parameters."""
    segments = each.route.pattern.segments
    parts = [s.name if s.kind == "static" else f"by_{s.name}" for s in segments]
    return _identifier([_verb(each), *(parts or ["root"])])


def _verb(each: Operation) -> str:
    method = each.route.method
    success = [answer for answer in each.answers if answer.status.startswith("2")]
    if method == "GET":
        return "list" if _names_many(each.route) and any(map(_is_list, success)) else "get"
    if method == "POST" and any(answer.status == "201" for answer in success):
        return "create"
    return _VERBS.get(method, method.lower())


def _names_many(route: Route) -> bool:
    last = route.pattern.segments[-1:]
    return any(s.kind == "static" and _one_of(s.name) != s.name for s in last)


def _is_list(answer: Answer) -> bool:
    """Whether a body is a list, or a page: a struct with a list in it."""
    kinds = members(answer.type)
    inner = [k for kind in kinds if is_struct(kind) for f in fields(kind) for k in members(f.type)]
    return any(map(is_many, (*kinds, *inner)))


def _one_of(noun: str) -> str:
    if noun.endswith("ies") and len(noun) > 4:
        return noun[:-3] + "y"
    if noun.endswith(("sses", "xes", "ches", "shes")):
        return noun[:-2]
    is_plural = noun.endswith("s") and not noun.endswith(("ss", "us", "is", "ews"))
    return noun[:-1] if is_plural else noun


def _identifier(parts: list[str]) -> str:
    return re.sub(r"[^0-9a-zA-Z]+", "_", "_".join(parts)).strip("_").lower()


def _numbered(name: str, taken: set[str]) -> str:
    return next(new for n in range(2, len(taken) + 3) if (new := f"{name}_{n}") not in taken)
