from __future__ import annotations

import socket
from pathlib import Path

from tests.runner.program import BOOT, settings_from
from zenith_server.runner.channel import Channel, Job, decode, encode, encode_job


def test_a_message_arrives_as_it_was_sent() -> None:
    assert decode(encode({"type": "stop", "grace": 1.5})) == {"type": "stop", "grace": 1.5}


def test_nonsense_is_an_empty_message() -> None:
    assert (decode(b"\xff\x00\n"), decode(b"[1]\n"), decode(b"{")) == ({}, {}, {})


def test_a_job_and_orders_reach_the_worker() -> None:
    job = Job("serve", BOOT, settings_from(Path("project"), {}), changed=("app.py",))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        ours.sendall(encode_job(job) + encode({"type": "stop"}))
        channel = Channel(theirs)
        assert channel.read_job() == job
        assert channel.read() == {"type": "stop"}


def test_a_supervisor_that_died_before_it_had_read_everything_is_gone() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        channel = Channel(theirs)
        channel.send({"type": "ready"})
        ours.close()
        assert channel.read() == {"type": "gone"}


def test_a_supervisor_that_has_gone_is_noticed_and_nobody_to_talk_to() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    with theirs:
        channel = Channel(theirs)
        channel.send({"type": "ready"})
        assert channel.read_job() is None
        assert channel.read() == {"type": "gone"}
