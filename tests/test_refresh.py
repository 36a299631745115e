from __future__ import annotations

from zenith_server.refresh import CHANNEL, SCRIPT, script, tag


def test_the_script_knows_the_channel() -> None:
    assert CHANNEL.encode() in script()


def test_a_nonce_cannot_leave_its_place() -> None:
    assert tag("a", '"><b>').count(b"<") == 2
    assert SCRIPT.encode() in tag("a")
