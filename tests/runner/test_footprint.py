from __future__ import annotations

import os

from zenith_server.runner.footprint import resident


def test_memory_that_is_used_counts() -> None:
    before = resident(os.getpid())
    held = b"x" * 50_000_000
    assert resident(os.getpid()) - before > 0.9 * len(held)


def test_a_process_that_is_not_there_uses_none() -> None:
    assert resident(2**22 + 1) == 0
