"""How long the answer took, and the database's part in it, where a browser's tools show it."""

from __future__ import annotations

from time import perf_counter

from zenith_server.database.watch import Watch, watched
from zenith_server.draft import Draft
from zenith_server.exchange import EXCHANGE
from zenith_server.plugin import Plugin
from zenith_server.protocol import Headers, Message, Scope


class ServerTiming(Plugin):
    """Adds `Server-Timing` (https://www.w3.org/TR/server-timing/), and watches the statements."""

    name = "server_timing"

    def setup(self, draft: Draft) -> None:
        """Add the hook."""
        draft.hook(self.name, start=_start, reply=_reply, finish=_finish)


def _start(scope: Scope) -> None:
    watched.set(Watch(f"{scope.get('method', 'WEBSOCKET')} {scope['path']}"))


def _reply(scope: Scope, _: Message, headers: Headers) -> None:
    parts = [f"app;dur={(perf_counter() - scope[EXCHANGE].began) * 1000:.1f}"]
    watch = watched.get()
    if watch is not None and watch.count:
        statements = "1 statement" if watch.count == 1 else f"{watch.count} statements"
        parts.append(f'db;dur={watch.seconds * 1000:.1f};desc="{statements}"')
    headers.append((b"server-timing", ", ".join(parts).encode()))


def _finish(_: Scope) -> None:
    watch = watched.get()
    if watch is not None:
        watched.set(None)
        watch.report()
