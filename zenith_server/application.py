"""Three lines of code: `from zenith_server import Zenith; app = Zenith()`, and any ASGI server."""

from __future__ import annotations

from pathlib import Path

from zenith_server.declared import Declarations, caller
from zenith_server.errors import ProjectError
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
        self.project = _beside(caller()[0]) if project is None else Path(project)
        self._app: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection (ASGI 3); the first call builds the app.

        Raises:
            ProjectError: everything that is wrong with the project. While the server starts it is
                told so instead, because servers go on when an exception meets them there.
        """
        if self._app is None:
            try:
                self._app = self._build()
            except ProjectError as error:
                if scope["type"] != "lifespan":
                    raise
                await receive()
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
        await self._app(scope, receive, send)

    def _build(self) -> ASGIApp:
        from zenith_server.boot import boot
        from zenith_server.load import take_back_variables
        from zenith_server.settings import settings_of

        take_back_variables()
        return boot(settings_of(self.project), self)


def _beside(filename: str) -> Path:
    """The folder of a file; where code comes from no file, the current directory."""
    return Path(filename).resolve().parent if Path(filename).is_file() else Path.cwd()
