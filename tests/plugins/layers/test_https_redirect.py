from __future__ import annotations

import pytest

from tests.conftest import Server
from tests.plugins.layers.asking import INDEX, SOCKET, asked, connected, prepared, sent

ON = "layers: {https_redirect: true}\n"


async def test_http_is_sent_to_https_with_its_method(serve: Server) -> None:
    app = await serve({**INDEX, "zenith.yaml": ON})
    answer = await asked(app, "/a?b=1&c=%20", [("host", "example.com:80")], method="POST")
    assert (answer.status, answer.header("location")) == (308, "https://example.com/a?b=1&c=%20")


async def test_https_is_answered(serve: Server) -> None:
    app = await serve({**INDEX, "zenith.yaml": ON})
    assert (await asked(app, scheme="https")).status == 200


async def test_https_at_a_trusted_proxy_is_https(serve: Server) -> None:
    text = """
        layers: {https_redirect: true, trusted_proxy: true}
        security: {trusted_proxies: [127.0.0.1]}
    """
    app = await serve({**INDEX, "zenith.yaml": text})
    assert (await asked(app, headers=[("x-forwarded-proto", "https")])).status == 200


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("//evil.example/x", "https://testserver//evil.example/x"),
        ("/\\evil.example", "https://testserver/%5Cevil.example"),
        ("/a%0d%0aset-cookie:b", "https://testserver/a%0d%0aset-cookie:b"),
        ("/caf\xe9", "https://testserver/caf%E9"),
    ],
)
async def test_no_path_leads_to_another_host_or_header(
    serve: Server, path: str, location: str
) -> None:
    answer = await asked(await serve({**INDEX, "zenith.yaml": ON}), path)
    assert answer.header("location") == location


async def test_a_server_without_raw_path_gets_the_path_encoded_again(serve: Server) -> None:
    app = await serve({**INDEX, "zenith.yaml": ON})
    scope = prepared("GET", "/", []) | {"path": "/caf\u00e9\r\n", "raw_path": None}
    answer = await sent(app, scope)
    assert answer.header("location") == "https://testserver/caf%C3%A9%0D%0A"


async def test_an_ipv6_host_keeps_its_brackets(serve: Server) -> None:
    answer = await asked(await serve({**INDEX, "zenith.yaml": ON}), "/", [("host", "[::1]:80")])
    assert answer.header("location") == "https://[::1]/"


async def test_a_malformed_host_is_no_place_to_send_to(serve: Server) -> None:
    answer = await asked(await serve({**INDEX, "zenith.yaml": ON}), "/", [("host", "a/b")])
    assert answer.status == 400


async def test_health_is_never_redirected(serve: Server) -> None:
    answer = await (await serve({**INDEX, "zenith.yaml": ON})).get("/health/ready")
    assert answer.status == 200


async def test_a_websocket_without_tls_is_closed(serve: Server) -> None:
    app = await serve({**SOCKET, "zenith.yaml": ON})
    assert [m["type"] for m in await connected(app)] == ["websocket.close"]
    assert (await connected(app, scheme="wss"))[0]["type"] == "websocket.accept"
