from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme

from tests.runner.program import settings_from
from zenith_server.protocol import ASGIApp
from zenith_server.runner import http3
from zenith_server.runner.engines import Quic
from zenith_server.runner.engines.http3.server import Server
from zenith_server.runner.engines.hypercorn import Hypercorn

SECRET = b"what workers share"


@dataclass(slots=True)
class Running:
    """An engine that serves HTTP/3 in this process."""

    engine: Hypercorn
    port: int
    finishing: asyncio.Future[None] | None = None

    def finish(self) -> asyncio.Future[None]:
        """Stop as the last worker does; asked again, it is the same stop."""
        if self.finishing is None:
            self.engine.stop_accepting(last=True)
            self.finishing = asyncio.ensure_future(self.engine.finish())
        return self.finishing

    @property
    def server(self) -> Server:
        found = self.engine._http3
        assert found is not None
        return found


Serve = Callable[..., AbstractAsyncContextManager[Running]]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a certificate and its key."""
    folder = tmp_path_factory.mktemp("certificate")
    issued = trustme.CA().issue_cert("localhost", "127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "both.pem"))
    return folder


@pytest.fixture
def serving(certificate: Path) -> Serve:
    """Return what serves an app with HTTP/3, with these keys of `server` and `connections`."""

    @asynccontextmanager
    async def serve(
        app: ASGIApp, quic: socket.socket | None = None, **options: object
    ) -> AsyncGenerator[Running]:
        options = {"certfile": "both.pem", "http3": True, **options}
        settings = settings_from(certificate, options)
        listener = socket.create_server(("127.0.0.1", 0))
        listener.setblocking(False)
        opened = quic or next(http3.open_sockets(listener, settings))
        engine = Hypercorn(settings)
        with listener:
            engine.start(app, listener, 16, Quic(opened, SECRET))
            running = Running(engine, opened.getsockname()[1])
            try:
                yield running
            finally:
                finishing = running.finish()
                await asyncio.wait([finishing], timeout=0.2)
                finishing.cancel()
                await asyncio.wait([finishing])
                assert finishing.cancelled() or finishing.result() is None
                if quic is None:
                    opened.close()

    return serve
