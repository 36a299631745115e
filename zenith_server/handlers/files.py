"""Files as responses: whole or in ranges, and nothing at all for a client that has them."""

from __future__ import annotations

import os
import re
import stat
from email.utils import parsedate_to_datetime
from typing import cast

from anyio.to_thread import run_sync
from starlette import responses

from zenith_server.handlers.conditions import State, check
from zenith_server.handlers.request import header
from zenith_server.problems import HTTPException, NotFound
from zenith_server.protocol import Receive, Scope, Send

_RANGES = re.compile(r"bytes=(.*)", re.IGNORECASE | re.ASCII)
_RANGE = re.compile(r"(\d{0,18})-(\d{0,18})", re.ASCII)


class FileResponse(responses.FileResponse):
    """A file: with ETag and Last-Modified, in ranges where the client asks for them.

    Starlette's, but as RFC 9110 has it: conditional requests (13); a Range that is malformed or
    comes with another method than GET is ignored (14.2); ranges beyond the end are left out, and
    only where none is left the answer is 416 (14.1.2).

    Args: those of `starlette.responses.FileResponse`.

    Raises:
        NotFound: when it is sent: there is no such file.

    Example:
        >>> async def get(id: int) -> FileResponse:
        ...     return FileResponse(REPORTS / f"{id}.pdf", filename="report.pdf")
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it (an ASGI app)."""
        size = (await self._look()).st_size
        if scope["type"] == "http" and self.status_code == 200:
            answer = check(scope, self._state())
            if answer is not None:
                await answer(scope, receive, send)
                return
            scope = self._with_range(scope, size)
        await super().__call__(scope, receive, send)

    async def _look(self) -> os.stat_result:
        found = cast("os.stat_result | None", self.stat_result)
        if found is None:
            try:
                found = self.stat_result = await run_sync(os.stat, self.path)
            except (FileNotFoundError, NotADirectoryError):
                raise NotFound from None
            self.set_stat_headers(found)
        if not stat.S_ISREG(found.st_mode):
            raise NotFound
        return found

    def _state(self) -> State:
        modified = parsedate_to_datetime(self.headers["last-modified"])
        return State(self.headers["etag"].removeprefix("W/").strip('"'), modified)

    def _with_range(self, scope: Scope, size: int) -> Scope:
        """Leave out a Range that does not count, and from one that does what is beyond the end.

        Raises:
            HTTPException: 416, all of it is.
        """
        given = header(scope, b"range")
        if given is None:
            return scope
        found = ranges_in(given.decode("latin-1")) if scope["method"] == "GET" else None
        others = [pair for pair in scope["headers"] if pair[0] != b"range"]
        if found is None or not self._is_same(scope):
            return {**scope, "headers": others}
        inside = [each for each in found if _begins_inside(each, size)]
        if not inside:
            raise HTTPException(
                416, f"The file has {size} bytes", {"content-range": f"bytes */{size}"}
            )
        text = ", ".join(f"{first}-{last}" for first, last in inside)
        return {**scope, "headers": [*others, (b"range", b"bytes=" + text.encode())]}

    def _is_same(self, scope: Scope) -> bool:
        """Whether the file is what If-Range names, if that is there."""
        given = header(scope, b"if-range")
        return given is None or self._should_use_range(given.decode("latin-1"))


def ranges_in(text: str) -> list[tuple[str, str]] | None:
    """Return first and last byte of each range, as they are written; nothing for what is no Range.

    Example:
        >>> ranges_in("bytes=0-4, -2"), ranges_in("bytes=4-0"), ranges_in("lines=1-2")
        ([('0', '4'), ('', '2')], None, None)
    """
    whole = _RANGES.fullmatch(text.strip())
    if whole is None:
        return None
    matches = [_RANGE.fullmatch(part.strip()) for part in whole[1].split(",") if part.strip()]
    found = [
        match.groups() for match in matches if match is not None and _is_range(*match.groups())
    ]
    return found if found and len(found) == len(matches) else None  # type: ignore[return-value]


def _is_range(first: str, last: str) -> bool:
    if not first:
        return bool(last)
    return not last or int(first) <= int(last)


def _begins_inside(given: tuple[str, str], size: int) -> bool:
    first, last = given
    return int(first) < size if first else int(last) > 0 and size > 0
