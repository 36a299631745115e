"""Classes of `services/` are injected by type."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.refusals import faults_of

Project = Callable[[Mapping[str, str]], Path]

COUNTER = """
    class Counter:
        def __init__(self):
            self.value = 0

        def next(self):
            self.value += 1
            return self.value
"""
USE = """
    from services.counter import Counter
    def get(counter: Counter): return counter.next()
"""


async def test_a_service_lives_as_long_as_the_app(serve: Server) -> None:
    app = await serve({"services/counter.py": COUNTER, "routes/index.py": USE})
    assert [(await app.get("/")).json() for _ in range(3)] == [1, 2, 3]


async def test_a_service_that_takes_the_request_is_made_for_each(serve: Server) -> None:
    counter = """
        from zenith_server import Request
        class Counter:
            def __init__(self, request: Request):
                self.path = request.url.path
            def next(self):
                self.path += "!"
                return self.path
    """
    app = await serve({"services/counter.py": counter, "routes/index.py": USE})
    assert [(await app.get("/")).json() for _ in range(2)] == ["/!", "/!"]


async def test_a_service_takes_another_one_and_the_settings(serve: Server) -> None:
    greeter = """
        from services.counter import Counter
        from zenith_server import Settings
        class Greeter:
            def __init__(self, counter: Counter, settings: Settings):
                self.text = f"{counter.next()} in {settings.environment.name}"
    """
    route = """
        from services.greeter import Greeter
        def get(greeter: Greeter): return greeter.text
    """
    files = {"services/greeter.py": greeter, "services/counter.py": COUNTER}
    assert (await (await serve({**files, "routes/index.py": route})).get("/")).json() == "1 in test"


async def test_a_service_is_started_before_the_first_request(serve: Server) -> None:
    counter = COUNTER + "\n        async def initialize(self): self.value = 41\n"
    app = await serve({"services/counter.py": counter, "routes/index.py": USE})
    assert (await app.get("/")).json() == 42


async def test_a_dataclass_can_be_a_service(serve: Server) -> None:
    counter = """
        from dataclasses import dataclass
        from zenith_server import Settings
        @dataclass
        class Counter:
            settings: Settings
            def next(self): return self.settings.environment.name
    """
    app = await serve({"services/counter.py": counter, "routes/index.py": USE})
    assert (await app.get("/")).json() == "test"


async def test_what_derives_from_service_is_one_whatever_else_it_is(serve: Server) -> None:
    counter = """
        from zenith_server import Service
        class Counter(tuple, Service):
            def next(self): return len(self)
    """
    app = await serve({"services/counter.py": counter, "routes/index.py": USE})
    assert (await app.get("/")).json() == 0


@pytest.mark.parametrize(
    "text",
    [
        "class SoldOut(Exception):\n    def __init__(self, item: str): ...",
        "import enum\nclass Size(enum.Enum):\n    S = 1",
        "import typing\nclass Bank(typing.Protocol):\n    def pay(self): ...",
        "import abc\nclass Bank(abc.ABC):\n    @abc.abstractmethod\n    def pay(self): ...",
        "import msgspec\nclass Item(msgspec.Struct):\n    name: str",
        "import typing\nclass Item(typing.NamedTuple):\n    name: str",
        "from dataclasses import dataclass\n@dataclass\nclass Item:\n    name: str",
        "class _Private:\n    def __init__(self, item: str): ...",
        "from decimal import Decimal",
    ],
)
async def test_what_services_talk_about_is_no_service(serve: Server, text: str) -> None:
    await serve({"services/shop.py": text, "routes/index.py": "def get(): ..."})


async def test_a_struct_beside_services_can_be_a_body(serve: Server) -> None:
    files = {
        "services/shop.py": "import msgspec\nclass Item(msgspec.Struct):\n    name: str = '?'",
        "routes/index.py": "from services.shop import Item\ndef post(i: Item): return i.name",
    }
    assert (await (await serve(files)).post("/", json={"name": "pen"})).json() == "pen"


def test_services_that_need_each_other_are_refused_though_nobody_asks(project: Project) -> None:
    one = "class A:\n    def __init__(self, b: 'services.b.B'): ...\nimport services.b"
    other = "import services.a\nclass B:\n    def __init__(self, a: 'services.a.A'): ...\n"
    folder = project(
        {"services/a.py": one, "services/b.py": other, "routes/index.py": "def get(): ..."}
    )
    (fault,) = faults_of(folder)
    assert fault.what == "A needs B needs A"
    assert fault.where == ("services/a.py:1", "services/b.py:2")


def test_a_value_that_a_handler_takes_for_a_service_is_refused(project: Project) -> None:
    value = "from dataclasses import dataclass\n@dataclass\nclass Item:\n    name: str"
    route = "from services.shop import Item\ndef post(item: Item): ..."
    (fault,) = faults_of(project({"services/shop.py": value, "routes/index.py": route}))
    assert fault.what == 'Nothing supplies the parameter "name" of Item'
    assert fault.fixes[-1] == "If Item is a value and no service, move it out of services/."


async def test_a_class_made_without_source_is_a_service_too(serve: Server) -> None:
    files = {
        "services/counter.py": "Counter = type('Counter', (), {'next': lambda self: 7})\n"
        "Counter.__module__ = __name__",
        "routes/index.py": USE,
    }
    assert (await (await serve(files)).get("/")).json() == 7
