from __future__ import annotations

import pytest

from tests.conftest import Server
from tests.plugins.layers.asking import INDEX, SOCKET, asked, connected, prepared, sent

ON = "layers: {hosts: true}\n"
OURS = f"{ON}security: {{allowed_hosts: [example.com, '*.example.org', '[::1]']}}\n"


@pytest.mark.parametrize(
    "host",
    [
        "example.com",
        "EXAMPLE.com:8000",
        "example.com.",
        "api.example.org",
        "a.b.example.org:1",
        "[::1]:8000",
        "[0:0::1]",
    ],
)
async def test_an_allowed_host_is_answered(serve: Server, host: str) -> None:
    answer = await asked(await serve({**INDEX, "zenith.yaml": OURS}), headers=[("host", host)])
    assert answer.status == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "example.org", "example.com.evil.example", "xexample.org", "[::2]"]
)
async def test_another_host_is_misdirected(serve: Server, host: str) -> None:
    answer = await asked(await serve({**INDEX, "zenith.yaml": OURS}), headers=[("host", host)])
    assert (answer.status, answer.json()["title"]) == (421, "Misdirected Request")
    assert answer.json()["request_id"] == answer.header("x-request-id")


@pytest.mark.parametrize(
    "host",
    [
        "",
        "a b",
        "user@example.com",
        "example.com/x",
        "example.com:port",
        "a..b",
        "[::1",
        "[1]",
        "ex%61mple.com",
        "example.com,evil.example",
        "münchen.example",
        "a" * 300,
    ],
)
async def test_a_malformed_host_is_refused_whatever_is_allowed(serve: Server, host: str) -> None:
    answer = await asked(await serve({**INDEX, "zenith.yaml": ON}), headers=[("host", host)])
    assert (answer.status, answer.json()["detail"]) == (400, "The Host header is malformed")


async def test_two_hosts_are_refused(serve: Server) -> None:
    app = await serve({**INDEX, "zenith.yaml": OURS})
    answer = await asked(app, headers=[("host", "example.com"), ("host", "evil.example")])
    assert answer.status == 400


@pytest.mark.parametrize(
    ("version", "settings", "status"),
    [("1.1", ON, 400), ("1.0", OURS, 400), ("1.0", ON, 200)],
)
async def test_only_http_1_0_may_leave_the_host_out_and_only_where_any_will_do(
    serve: Server, version: str, settings: str, status: int
) -> None:
    app = await serve({**INDEX, "zenith.yaml": settings})
    scope = prepared("GET", "/", []) | {"headers": [], "http_version": version}
    assert (await sent(app, scope)).status == status


async def test_a_star_allows_every_host(serve: Server) -> None:
    text = f"{ON}security: {{allowed_hosts: ['*']}}\n"
    answer = await asked(
        await serve({**INDEX, "zenith.yaml": text}), headers=[("host", "x.example")]
    )
    assert answer.status == 200


async def test_health_answers_for_any_host(serve: Server) -> None:
    app = await serve({**INDEX, "zenith.yaml": OURS})
    answer = await asked(app, "/health/ready", [("host", "10.1.2.3:8000")])
    assert answer.status == 200


async def test_a_websocket_for_another_host_is_closed_unopened(serve: Server) -> None:
    app = await serve({**SOCKET, "zenith.yaml": OURS})
    [message] = await connected(app, [("host", "evil.example")])
    assert message == {"type": "websocket.close", "code": 1008}
