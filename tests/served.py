"""A project served in this process: whole requests in, whole responses out, as ASGI sees them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from zenith_server.boot import boot
from zenith_server.environment import Environment, EnvironmentName
from zenith_server.protocol import ASGIApp, Message, Scope
from zenith_server.settings import read_settings

Pairs = dict[str, str] | list[tuple[str, str]] | tuple[()]


@dataclass(slots=True)
class Answer:
    """A response as it was sent, message by message."""

    messages: list[Message] = field(default_factory=list)

    @property
    def status(self) -> int:
        return self.messages[0]["status"]

    @property
    def headers(self) -> list[tuple[str, str]]:
        pairs = self.messages[0]["headers"]
        return [(name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs]

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])

    def json(self) -> Any:
        return json.loads(self.body)

    def header(self, name: str) -> str | None:
        """Return the only header of a name, or nothing."""
        found = [value for key, value in self.headers if key == name]
        assert len(found) <= 1, found
        return found[0] if found else None

    def faults(self) -> dict[str, str]:
        """Return the messages of a 422 by their location, its parts joined with dots."""
        assert self.status == 422, (self.status, self.body)
        errors = self.json()["errors"]
        return {".".join(map(str, error["location"])): error["message"] for error in errors}


class Served:
    """An ASGI app with its lifespan running."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._inbox: asyncio.Queue[Message] = asyncio.Queue()
        self._outbox: asyncio.Queue[Message] = asyncio.Queue()
        self._life: asyncio.Task[None] | None = None

    async def start(self) -> Served:
        scope: Scope = {"type": "lifespan", "asgi": {"version": "3.0"}}
        life = self.app(scope, self._inbox.get, self._outbox.put)
        self._life = asyncio.ensure_future(life)
        assert await self._tell("startup") == {"type": "lifespan.startup.complete"}
        return self

    async def stop(self) -> None:
        assert await self._tell("shutdown") == {"type": "lifespan.shutdown.complete"}
        assert self._life is not None
        await self._life

    async def _tell(self, what: str) -> Message:
        await self._inbox.put({"type": f"lifespan.{what}"})
        return await self._outbox.get()

    async def get(self, url: str, headers: Pairs = ()) -> Answer:
        return await self.request("GET", url, headers)

    async def post(
        self,
        url: str,
        body: bytes = b"",
        headers: Pairs = (),
        *,
        json: Any = None,
    ) -> Answer:
        return await self.request("POST", url, headers, body, json=json)

    async def request(
        self,
        method: str,
        url: str,
        headers: Pairs = (),
        body: bytes | Iterable[bytes] = b"",
        *,
        json: Any = None,
        leaves: bool = False,
    ) -> Answer:
        """Send a request, its body in one message or several, and return the whole response.

        With `leaves`, the client goes away when the body, or what is there of it, was read.
        """
        parts, pairs = _body(body, json), _pairs(headers)
        if json is not None:
            pairs.append((b"content-type", b"application/json"))
        answer = Answer()
        messages = [_part(part, more=leaves or i < len(parts)) for i, part in parts.items()]

        async def receive() -> Message:
            if messages:
                return messages.pop(0)
            if not leaves:
                await asyncio.Event().wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            answer.messages.append(message)

        await self.app(scope_of(method, url, pairs), receive, send)
        return answer


async def ask(app: Served, method: str, url: str, **scope: Any) -> Answer:
    """Send a request whose scope differs from the usual one."""
    answer = Answer()

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        answer.messages.append(message)

    await app.app({**scope_of(method, url, []), **scope}, receive, send)
    return answer


async def served(
    folder: Path,
    environment: EnvironmentName = "test",
    environ: Mapping[str, str] | None = None,
) -> Served:
    """Return the running app of a project folder."""
    chosen = Environment(environment, "from the test")
    settings = read_settings(folder, environment=chosen, environ=environ or {})
    return await Served(boot(settings)).start()


def scope_of(method: str, url: str, headers: list[tuple[bytes, bytes]]) -> Scope:
    """Return the scope that a server makes for a request line and headers."""
    path, _, query = url.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [(b"host", b"testserver"), *headers],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 80),
    }


def _pairs(headers: Pairs) -> list[tuple[bytes, bytes]]:
    pairs = headers.items() if isinstance(headers, dict) else headers
    return [(name.lower().encode(), value.encode("latin-1")) for name, value in pairs]


def _body(body: bytes | Iterable[bytes], value: Any) -> dict[int, bytes]:
    if value is not None:
        body = json.dumps(value).encode()
    return dict(enumerate([body] if isinstance(body, bytes) else body, start=1))


def _part(part: bytes, *, more: bool) -> Message:
    return {"type": "http.request", "body": part, "more_body": more}
