"""The path of a request, split into decoded segments."""

from __future__ import annotations

from urllib.parse import quote

from zenith_server.handlers.request import PERCENT, decoded
from zenith_server.problems import BadRequest
from zenith_server.protocol import Scope


def path_of(scope: Scope) -> str:
    """Return the path below the place at which this app is mounted (ASGI's `root_path`).

    Example:
        >>> path_of({"path": "/shop/items", "root_path": "/shop"})
        '/items'
    """
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    if not root:
        return path
    root = root.rstrip("/")
    if root and f"{path}/".startswith(f"{root}/"):
        return path[len(root) :] or "/"
    return path


def segments_of(scope: Scope) -> list[str]:
    """Return the decoded segments of the path; none for `/`.

    It is split before it is decoded: an encoded slash is part of a value, not a boundary.

    Raises:
        BadRequest: it is not UTF-8, or holds a NUL.

    Example:
        >>> segments_of({"path": "/a/b/c", "raw_path": b"/a/b%2Fc"})
        ['a', 'b/c']
    """
    raw: bytes | None = scope.get("raw_path")
    if raw is None or PERCENT not in raw:
        return split(path_of(scope))
    parts = [decoded(part) for part in raw.partition(b"?")[0][1:].split(b"/")]
    above = [part for part in scope.get("root_path", "").split("/") if part]
    parts = parts[len(above) :] if parts[: len(above)] == above else parts
    return [] if parts == [""] else parts


def split(path: str) -> list[str]:
    """Return the segments of a path that holds nothing encoded.

    Example:
        >>> split("/a/b")
        ['a', 'b']
    """
    parts = path[1:].split("/")
    return [] if parts == [""] else parts


def refuse_traversal(values: tuple[str, ...]) -> None:
    """Refuse what would lead a handler out of a folder to which it adds the value.

    Raises:
        BadRequest: such a value, or one that is not text.
    """
    for value in values:
        if value.isalnum():  # none of what follows; nearly every value is a number or a name
            continue
        if "\0" in value:
            raise BadRequest("The URL holds a NUL character")
        if "\ufffd" in value:
            raise BadRequest("The URL is not valid UTF-8")
        if value[:1] in {"/", "\\"} or ".." in value.replace("\\", "/").split("/"):
            raise BadRequest("The URL leads out of its folder")


def without_slash(scope: Scope) -> bytes:
    """Return the URL of a request without its last slash, for a Location header.

    Example:
        >>> without_slash({"path": "/users/", "query_string": b"page=2"})
        b'/users?page=2'
    """
    raw: bytes | None = scope.get("raw_path")
    path = quote(scope["path"]).encode() if raw is None else raw.partition(b"?")[0]
    query: bytes = scope.get("query_string", b"")
    return path[:-1] + (b"?" + query if query else b"")
