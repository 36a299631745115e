from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import Server
from zenith_server.dispatch.inline import called, lines_of
from zenith_server.exchange import EXCHANGE, Exchange
from zenith_server.plan import Inline

PAIR = (b"x-color", b"blue")
COUNTING = """
from zenith_server import Plugin
from zenith_server.plan import Inline

class Counting(Plugin):
    name = "counting"

    def setup(self, draft):
        self.seen = []
        draft.hook(
            "counting",
            start=Inline("if value == b'no': $refuse()", {"refuse": self.refuse}),
            header=b"x-may",
        )
        draft.hook(
            "counting",
            reply=Inline("headers.append($pair)", {"pair": (b"x-counted", b"1")}),
            finish=Inline("$seen.append((scope['path'], exchange.status))", {"seen": self.seen}),
        )
        draft.route("GET", "/seen", lambda: self.seen)

    def refuse(self):
        from zenith_server import Forbidden

        raise Forbidden("You may not")
"""


def test_names_are_those_of_the_hook_and_never_of_another() -> None:
    names: dict[str, Any] = {"_pair_colour": 1}
    assert lines_of(Inline("headers.append($pair)", {"pair": PAIR}), "colour", names) == [
        "headers.append(_pair_colour_)"
    ]
    assert names["_pair_colour_"] == PAIR


def test_two_parts_of_a_hook_share_what_they_both_name() -> None:
    names: dict[str, Any] = {}
    first = lines_of(Inline("$seen.append(1)", {"seen": PAIR}), "x", names)
    second = lines_of(Inline("$seen.append(2)", {"seen": PAIR}), "x", names)
    assert (first, second) == (["_seen_x.append(1)"], ["_seen_x.append(2)"])


def test_a_name_that_is_not_given_is_found_when_the_app_is_made() -> None:
    with pytest.raises(KeyError, match="missing"):
        lines_of(Inline("$missing()"), "x", {})


def test_as_functions_parts_know_the_same() -> None:
    headers: list[tuple[bytes, bytes]] = []
    own = [(b"a", b"b")]
    reply = called(Inline("headers += own; headers.append($pair)", {"pair": PAIR}), "reply")
    reply({}, {"headers": own}, headers)
    assert headers == [*own, PAIR]

    took: list[float] = []
    finish = called(Inline("$took.append(ended - exchange.began)", {"took": took}), "finish")
    finish({EXCHANGE: Exchange(0.0)})
    assert took[0] > 0


@pytest.mark.parametrize("handler", ["return 'whole'", "yield 'in '; yield 'pieces'"])
async def test_whole_answers_and_pieces_pass_the_same_lines(serve: Server, handler: str) -> None:
    app = await serve(
        {"routes/index.py": f"async def get(): {handler}", "plugins/counting.py": COUNTING}
    )
    assert (await app.get("/")).header("x-counted") == "1"
    refused = await app.get("/", {"x-may": "no"})
    assert (refused.status, refused.header("x-counted")) == (403, "1")
    assert (await app.get("/", {"x-may": "yes"})).status == 200
    assert (await app.get("/seen")).json() == [["/", 200], ["/", 403], ["/", 200]]
