from __future__ import annotations

import pytest

from tests.conftest import Server
from tests.plugins.layers.asking import SOCKET, connected
from zenith_server.environment import EnvironmentName

CLOSED = [{"type": "websocket.close", "code": 1008}]


@pytest.mark.parametrize("environment", ["development", "staging", "production"])
async def test_a_page_of_another_site_opens_no_websocket(
    serve: Server, environment: EnvironmentName
) -> None:
    app = await serve(SOCKET, environment)
    assert await connected(app, [("origin", "https://evil.example")]) == CLOSED


@pytest.mark.parametrize(
    "origin", ["null", "", "https://testserver.evil.example", "testserver", "file://"]
)
async def test_an_origin_that_only_looks_like_ours_opens_none(serve: Server, origin: str) -> None:
    assert await connected(await serve(SOCKET), [("origin", origin)]) == CLOSED


@pytest.mark.parametrize("origin", ["https://testserver", "http://testserver:5173"])
async def test_our_own_pages_open_one_from_any_port(serve: Server, origin: str) -> None:
    messages = await connected(await serve(SOCKET), [("origin", origin)])
    assert messages[0]["type"] == "websocket.accept"


async def test_a_program_that_names_no_origin_opens_one(serve: Server) -> None:
    assert (await connected(await serve(SOCKET)))[0]["type"] == "websocket.accept"


async def test_a_listed_origin_opens_one(serve: Server) -> None:
    app = await serve({**SOCKET, "zenith.yaml": "cors: {origins: ['https://page.example']}\n"})
    messages = await connected(app, [("origin", "https://page.example")])
    assert messages[0]["type"] == "websocket.accept"


async def test_a_star_in_cors_opens_none(serve: Server) -> None:
    app = await serve({**SOCKET, "zenith.yaml": "cors: {origins: ['*']}\n"})
    assert await connected(app, [("origin", "https://evil.example")]) == CLOSED


async def test_without_a_host_no_origin_is_ours(serve: Server) -> None:
    app = await serve(SOCKET)
    assert await connected(app, [("host", ""), ("origin", "http://")]) == CLOSED


async def test_the_layer_can_be_switched_off(serve: Server) -> None:
    app = await serve({**SOCKET, "zenith.yaml": "layers: {websocket_origin: false}\n"})
    messages = await connected(app, [("origin", "https://evil.example")])
    assert messages[0]["type"] == "websocket.accept"
