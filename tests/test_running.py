"""The table of what is on its way, and who looks at it when."""

from __future__ import annotations

import asyncio
import threading
from time import perf_counter

from zenith_server.exchange import Exchange
from zenith_server.running import Running


def exchange() -> Exchange:
    return Exchange(perf_counter(), asyncio.current_task())


async def test_it_looks_while_something_runs_and_then_rests() -> None:
    running, seen = Running(), list[Exchange]()
    running.watch(lambda each, _: seen.append(each), 0.01)
    mine = exchange()
    running.exchanges.add(mine)
    running.begin()
    await asyncio.sleep(0.1)
    assert seen
    assert seen[0] is mine
    assert running.due > perf_counter() - 0.1
    running.exchanges.discard(mine)
    await asyncio.sleep(0.1)
    assert running.due == 0.0


async def test_two_beginnings_are_one_timer() -> None:
    running, looks = Running(), list[float]()
    running.watch(lambda _, now: looks.append(now), 0.05)
    running.exchanges.add(exchange())
    for _ in range(5):
        running.begin()
    await asyncio.sleep(0.12)
    assert 1 <= len(looks) <= 3
    running.exchanges.clear()


async def test_the_shortest_pause_counts_for_all() -> None:
    running, slow, quick = Running(), list[float](), list[float]()
    running.watch(lambda _, now: slow.append(now), 60)
    running.watch(lambda _, now: quick.append(now), 0.01)
    running.exchanges.add(exchange())
    running.begin()
    await asyncio.sleep(0.1)
    assert slow == quick != []
    running.exchanges.clear()


async def test_a_look_starts_the_time_of_another_loop_and_leaves_its_requests_alone() -> None:
    running, seen = Running(), set[tuple[int, int]]()
    running.watch(lambda each, _: seen.add((id(each), threading.get_ident())), 0.01)
    theirs = list[Exchange]()

    async def elsewhere() -> int:
        theirs.append(exchange())
        running.exchanges.add(theirs[0])
        await asyncio.sleep(0.3)
        return threading.get_ident()

    mine = exchange()
    running.exchanges.add(mine)
    running.begin()
    other = await asyncio.to_thread(lambda: asyncio.run(elsewhere()))
    running.exchanges.clear()
    assert seen == {(id(mine), threading.get_ident()), (id(theirs[0]), other)}
