from __future__ import annotations

from zenith_server.runner.engines.http3.stall import Stall
from zenith_server.settings import Connections

LIMITS = Connections(stalled=20.0, min_rate=240)


def judged(*looks: tuple[int, int, float], limits: Connections = LIMITS) -> bool:
    stall = Stall(limits)
    return True in [stall.is_over(*look) for look in looks]


def test_a_client_that_takes_nothing_is_over_after_its_time() -> None:
    assert not judged((0, 9000, 0.0), (0, 9000, 19.0))
    assert judged((0, 9000, 0.0), (0, 9000, 20.0))


def test_a_client_that_takes_a_little_all_the_time_is_over_too() -> None:
    assert judged(*((200 * second, 90_000, float(second)) for second in range(21)))
    assert not judged(*((300 * second, 90_000, float(second)) for second in range(60)))


def test_a_client_that_has_taken_what_waited_begins_anew() -> None:
    assert not judged(*((second, second + 1, float(second)) for second in range(100)))


def test_an_answer_of_which_there_is_nothing_yet_does_not_wait() -> None:
    assert not judged(*((0, 0, float(second)) for second in range(100)))


def test_without_a_time_nobody_is_too_slow() -> None:
    limits = Connections(stalled=0.0)
    assert not judged((0, 9000, 0.0), (0, 9000, 900.0), limits=limits)
