"""Services are made once, in order, by their constructors."""

from __future__ import annotations

from typing import Any

import pytest

from zenith_server import Depends, Service
from zenith_server.errors import ProjectError
from zenith_server.handlers.container import Container, known_types
from zenith_server.handlers.signature import Known
from zenith_server.plan import Origin, Provider
from zenith_server.plan import Service as Planned

events: list[str] = []


@pytest.fixture(autouse=True)
def nothing_happened() -> None:
    events.clear()


class Noted:
    """Writes down when it is made, started and ended."""

    def note(self, what: str) -> None:
        events.append(f"{type(self).__name__} {what}")

    async def initialize(self) -> None:
        self.note("starts")

    def close(self) -> None:
        self.note("ends")


class Clock(Noted): ...


class Diary(Noted):
    def __init__(self, clock: Clock, title: str = "mine") -> None:
        self.clock, self.title = clock, title


class Connection: ...


class Basket:
    def __init__(self, connection: Connection, clock: Clock) -> None:
        self.connection = connection


class Till:
    def __init__(self, basket: Basket) -> None: ...


class Egg:
    def __init__(self, connection: Connection, hen: Hen) -> None: ...


class Hen:
    def __init__(self, egg: Egg) -> None: ...


class Farm:
    def __init__(self, hen: Hen) -> None: ...


class Order:
    def __init__(self, number: int) -> None: ...


class Mailer(Service):
    def __init__(self, address: str) -> None: ...


def dependency() -> int:
    return 1


class Lucky:
    def __init__(self, number: int = Depends(dependency)) -> None: ...


HERE = Origin("plugin test")
PROVIDERS = known_types(
    (
        Provider((f"{__name__}.Connection",), lambda: Connection, HERE, marker="connection"),
        Provider(("builtins.complex",), lambda: lambda: 3j, HERE, per="app"),
    )
)


def container(*classes: type[Any]) -> Container:
    services = {cls: Planned(cls, Origin(f"services/{cls.__name__.lower()}.py")) for cls in classes}
    return Container(Known(providers=PROVIDERS, services=services))


def planned(made: Container, cls: type[Any]) -> Planned:
    return made.known.services[cls]


def whats(made: Container) -> list[str]:
    return [fault.what for fault in made.faults()]


def test_a_service_is_made_once() -> None:
    made = container(Clock)
    assert made.get(planned(made, Clock)) is made.get(planned(made, Clock))


def test_a_service_is_given_the_services_that_its_constructor_asks_for() -> None:
    made = container(Diary, Clock)
    diary = made.get(planned(made, Diary))
    assert diary.clock is made.get(planned(made, Clock))
    assert diary.title == "mine"


def test_an_app_wide_provider_makes_its_value_once() -> None:
    made = container()
    provider = PROVIDERS["builtins.complex"]
    assert made.get(provider) is made.get(provider)


def test_a_provider_is_known_by_its_types_and_its_marker() -> None:
    assert PROVIDERS["connection"] is PROVIDERS[f"{__name__}.Connection"]


async def test_services_start_in_the_order_in_which_they_need_each_other() -> None:
    made = container(Diary, Clock)
    async with made.running():
        assert events == ["Clock starts", "Diary starts"]
    assert events[2:] == ["Diary ends", "Clock ends"]


async def test_a_second_start_makes_new_ones() -> None:
    made = container(Clock)
    async with made.running():
        first = made.get(planned(made, Clock))
    async with made.running():
        assert made.get(planned(made, Clock)) is not first


async def test_what_started_is_closed_when_the_next_one_fails() -> None:
    class Broken(Noted):
        async def initialize(self) -> None:
            raise LookupError

    made = container(Clock, Broken)
    with pytest.raises(LookupError):
        async with made.running():
            raise AssertionError
    assert events == ["Clock starts", "Clock ends"]


async def test_one_that_fails_to_close_keeps_no_other_open() -> None:
    class Stuck(Noted):
        def close(self) -> None:
            raise LookupError

    made = container(Clock, Stuck)
    with pytest.raises(LookupError):
        async with made.running():
            pass
    assert events[-1] == "Clock ends"


@pytest.mark.parametrize(
    ("cls", "is_per_request"),
    [(Clock, False), (Diary, False), (Basket, True), (Till, True), (Lucky, True)],
)
def test_what_takes_something_of_a_request_belongs_to_the_request(
    cls: type[Any], is_per_request: bool
) -> None:
    made = container(Clock, Diary, Basket, Till, Lucky)
    assert made.is_per_request(planned(made, cls)) is is_per_request


async def test_a_service_of_a_request_is_not_started_with_the_app() -> None:
    async with container(Till, Basket, Clock).running():
        assert events == ["Clock starts"]


def test_a_circle_is_told_once_from_wherever_it_is_entered() -> None:
    (fault,) = container(Farm, Hen, Egg).faults()
    assert fault.what == "Egg needs Hen needs Egg"
    assert fault.where == ("services/egg.py", "services/hen.py")


def test_a_class_that_nothing_can_make_is_no_service_until_somebody_asks() -> None:
    assert whats(container(Order)) == []


async def test_a_class_that_nothing_can_make_is_not_started() -> None:
    async with container(Order, Clock).running():
        assert events == ["Clock starts"]


def test_a_class_that_nothing_can_make_is_a_fault_where_a_service_asks_for_it() -> None:
    class Shop:
        def __init__(self, order: Order) -> None: ...

    assert whats(container(Order, Shop)) == ['Nothing supplies the parameter "number" of Order']


def test_a_class_that_says_that_it_is_a_service_must_be_one() -> None:
    assert whats(container(Mailer)) == ['Nothing supplies the parameter "address" of Mailer']


def test_asking_for_a_class_that_nothing_can_make_is_an_error() -> None:
    made = container(Order)
    with pytest.raises(ProjectError, match='"number" of Order'):
        made.get(planned(made, Order))
