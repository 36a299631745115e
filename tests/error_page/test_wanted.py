from __future__ import annotations

import pytest

from zenith_server.error_page.wanted import Form, form, is_here

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        (BROWSER, "html"),
        ("*/*", "json"),
        ("", "json"),
        ("text/plain", "text"),
        ("application/json, text/html", "json"),
        ("application/problem+json;q=0.5, text/html", "html"),
        ("text/html;q=0.1, text/plain;q=0.2", "text"),
        ("text/html;q=0", "json"),
        ("Text/HTML; q=nonsense", "html"),
        ("image/png", "json"),
    ],
)
def test_the_form_that_is_named_best_wins(accept: str, wanted: Form) -> None:
    assert form({"headers": [(b"accept", accept.encode())]}) == wanted


def is_local(client: str | None = "127.0.0.1", host: str = "localhost:8000", **more: str) -> bool:
    headers = [(b"host", host.encode())]
    headers += [(name.replace("_", "-").encode(), value.encode()) for name, value in more.items()]
    return is_here({"headers": headers, "client": (client, 1) if client else None})


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:80", "[::1]:80", "shop.localhost"])
def test_this_machine_may_see_it(client: str, host: str) -> None:
    assert is_local(client, host)


@pytest.mark.parametrize("client", ["192.168.1.7", "::ffff:10.0.0.1", "testclient", None])
def test_others_may_not(client: str | None) -> None:
    assert not is_local(client)


@pytest.mark.parametrize("host", ["example.com", "localhost.example.com", "", "a b"])
def test_a_page_that_lets_its_own_name_point_here_may_not(host: str) -> None:
    assert not is_local(host=host)


@pytest.mark.parametrize("header", ["x_forwarded_for", "forwarded", "x_real_ip"])
def test_who_comes_through_a_tunnel_may_not(header: str) -> None:
    assert not is_local(**{header: "127.0.0.1"})
