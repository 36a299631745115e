"""Three lines of code: `from zenith_server import Zenith; app = Zenith()`, and any ASGI server."""

from __future__ import annotations

import sys
from pathlib import Path

from zenith_server.declared import Declarations
from zenith_server.protocol import ASGIApp, Receive, Scope, Send


class Zenith(Declarations):
    """An app declared in code; the folders beside its file are served with it.

    In a project's `app.py`, zenith-server reads it like any other file of the project. Elsewhere
    it is an ASGI app of its own, which takes the same way from settings to plan when it is first
    called.

    Args:
        project: the project's folder; by default the one in which the object is made.

    Example:
        >>> app = Zenith()
        >>> @app.get("/items/{id}")
        ... async def item(id: int, session=DB) -> Item: ...
    """

    def __init__(self, project: str | Path | None = None) -> None:
        super().__init__()
        caller = sys._getframe(1).f_globals.get("__file__", "")
        self.project = Path(project) if project is not None else Path(caller).resolve().parent
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection (ASGI 3); the first call builds the app."""
        if self._app is None:
            self._app = self._build()
        await self._app(scope, receive, send)

    def _build(self) -> ASGIApp:
        from zenith_server.boot import boot
        from zenith_server.settings import settings_of

        return boot(settings_of(self.project), self)
