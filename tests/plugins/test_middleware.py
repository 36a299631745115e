"""The files of `middleware/` are layers around the whole app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from tests.conftest import Server
from tests.refusals import faults_of, whats

Project = Callable[[Mapping[str, str]], Path]

HELLO = {"routes/index.py": "def get(): return 'hello'"}


def signed(name: str) -> str:
    return f"""
        async def middleware(request, call_next):
            response = await call_next(request)
            response.headers["x-seen"] = response.headers.get("x-seen", "") + "{name}"
            return response
    """


async def test_layers_stand_in_the_natural_order_of_their_files(serve: Server) -> None:
    names = ("10_c", "2_b", "1_a")
    files = {f"middleware/{name}.py": signed(name[-1]) for name in names}
    app = await serve({**HELLO, **files})
    assert (await app.get("/")).header("x-seen") == "cba"  # the innermost answers first


async def test_a_layer_sees_what_no_route_answers(serve: Server) -> None:
    app = await serve({**HELLO, "middleware/a.py": signed("a")})
    answer = await app.get("/nothing")
    assert (answer.status, answer.header("x-seen")) == (404, "a")


async def test_health_is_answered_outside_the_layers(serve: Server) -> None:
    app = await serve({**HELLO, "middleware/a.py": signed("a")})
    assert (await app.get("/health/live")).header("x-seen") is None


async def test_a_private_file_is_no_layer(serve: Server) -> None:
    app = await serve({**HELLO, "middleware/_shared.py": "x = 1"})
    assert (await app.get("/")).status == 200


def test_a_file_without_a_layer_is_refused(project: Project) -> None:
    folder = project({**HELLO, "middleware/a.py": "", "middleware/b.py": "middleware = 7"})
    assert whats(folder) == [
        "middleware/a.py has no `middleware`",
        "middleware/b.py has a `middleware` that is none",
    ]


def test_a_layer_that_cannot_be_made_is_refused(project: Project) -> None:
    text = "def middleware(app):\n    raise LookupError('no key')"
    (fault,) = faults_of(project({**HELLO, "middleware/a.py": text}))
    assert fault.what == "The layer middleware/a.py cannot be put around the app"
    assert (fault.where, fault.why) == (("middleware/a.py:1",), "LookupError: no key")
