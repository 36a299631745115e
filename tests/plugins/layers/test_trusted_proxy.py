from __future__ import annotations

import pytest

from tests.conftest import Server
from tests.plugins.layers.asking import SOCKET, asked, connected
from tests.served import Pairs, Served
from zenith_server.plugins.layers.trusted_proxy import client_of, trust

WHO = """
    from starlette.requests import Request

    async def get(request: Request):
        return f"{request.client.host} {request.url.scheme}"
"""
BEHIND = """
    layers: {trusted_proxy: true}
    security: {trusted_proxies: [10.0.0.0/8, "2001:db8::/32"]}
"""


async def seen(app: Served, headers: Pairs, peer: str = "10.0.0.1") -> str:
    return (await asked(app, headers=headers, client=(peer, 4000))).json()


@pytest.fixture
async def app(serve: Server) -> Served:
    return await serve({"routes/index.py": WHO, "zenith.yaml": BEHIND})


async def test_a_trusted_proxy_says_who_the_client_is(app: Served) -> None:
    headers = [("x-forwarded-for", "8.8.8.8"), ("x-forwarded-proto", "https")]
    assert await seen(app, headers) == "8.8.8.8 https"


async def test_a_stranger_is_not_believed(app: Served) -> None:
    headers = [("x-forwarded-for", "8.8.8.8"), ("x-forwarded-proto", "https")]
    assert await seen(app, headers, peer="9.9.9.9") == "9.9.9.9 http"


@pytest.mark.parametrize(
    ("chain", "client"),
    [
        ("1.1.1.1, 8.8.8.8", "8.8.8.8"),
        ("10.0.0.9, 8.8.8.8", "8.8.8.8"),
        ("1.1.1.1, 8.8.8.8, 10.0.0.2", "8.8.8.8"),
        ("10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("8.8.8.8, unknown", "10.0.0.1"),
        ("8.8.8.8, nonsense, 10.0.0.2", "10.0.0.2"),
        ("8.8.8.8:4711", "8.8.8.8"),
        ("[2001:4860::8]:4711", "2001:4860::8"),
        ("::ffff:10.0.0.2", "::ffff:10.0.0.2"),
        ("8.8.8.8, ::ffff:10.0.0.2", "8.8.8.8"),
        ("", "10.0.0.1"),
    ],
)
async def test_the_chain_is_walked_from_the_right_to_the_first_stranger(
    app: Served, chain: str, client: str
) -> None:
    assert await seen(app, [("x-forwarded-for", chain)]) == f"{client} http"


async def test_headers_of_one_name_are_one_list_in_their_order(app: Served) -> None:
    headers = [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "8.8.8.8")]
    assert await seen(app, headers) == "8.8.8.8 http"


@pytest.mark.parametrize(
    ("addresses", "schemes", "scheme"),
    [
        ("8.8.8.8", "https", "https"),
        ("8.8.8.8", "HTTPS", "https"),
        ("8.8.8.8, 10.0.0.2", "https, http", "https"),
        ("1.1.1.1, 8.8.8.8", "https, http", "http"),
        ("1.1.1.1, 8.8.8.8, 10.0.0.2", "https", "https"),
        ("8.8.8.8", "javascript", "http"),
    ],
)
async def test_the_scheme_is_the_one_that_the_clients_own_proxy_saw(
    app: Served, addresses: str, schemes: str, scheme: str
) -> None:
    headers = [("x-forwarded-for", addresses), ("x-forwarded-proto", schemes)]
    assert (await seen(app, headers)).split()[1] == scheme


async def test_the_scheme_alone_is_believed_too(app: Served) -> None:
    assert await seen(app, [("x-forwarded-proto", "https")]) == "10.0.0.1 https"


async def test_forwarded_is_not_read(app: Served) -> None:
    assert await seen(app, [("forwarded", "for=8.8.8.8;proto=https")]) == "10.0.0.1 http"


async def test_a_websocket_learns_the_same(serve: Server) -> None:
    app = await serve({**SOCKET, "zenith.yaml": BEHIND})
    headers = [("x-forwarded-for", "8.8.8.8"), ("x-forwarded-proto", "https")]
    messages = await connected(app, headers, client=("10.0.0.1", 4000))
    assert messages[1]["text"] == "8.8.8.8 wss"


async def test_a_request_from_a_unix_socket_has_no_peer_to_trust(app: Served) -> None:
    answer = await asked(app, "/nowhere", [("x-forwarded-for", "8.8.8.8")], client=None)
    assert answer.status == 404


async def test_without_networks_nothing_is_believed(serve: Server) -> None:
    files = {"routes/index.py": WHO, "zenith.yaml": "layers: {trusted_proxy: true}\n"}
    assert await seen(await serve(files), [("x-forwarded-for", "8.8.8.8")]) == "10.0.0.1 http"


def test_an_empty_chain_names_nobody() -> None:
    assert client_of([], trust(("10.0.0.0/8",))) == (None, 0)
