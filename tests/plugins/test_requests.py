"""A handler may take the request itself, beside everything else."""

from __future__ import annotations

import pytest

from tests.conftest import Server

HEAD = """
from typing import Annotated
from zenith_server import *
from zenith_server.settings import Settings
"""


async def test_the_request_is_starlettes(serve: Server) -> None:
    text = "async def get(request: Request): return [request.url.path, request.query_params['a']]"
    app = await serve({"routes/index.py": HEAD + text})
    assert (await app.get("/?a=1")).json() == ["/", "1"]


async def test_the_request_has_the_path_parameters(serve: Server) -> None:
    text = "async def get(request: Request): return request.path_params"
    app = await serve({"routes/[a]/[...b].py": HEAD + text})
    assert (await app.get("/1/2/3")).json() == {"a": "1", "b": "2/3"}


async def test_the_request_is_one_for_handler_and_dependencies(serve: Server) -> None:
    text = """
from starlette.requests import HTTPConnection
async def _same(request: HTTPConnection): return request
async def get(request: Request, same=Depends(_same)): return request is same
"""
    app = await serve({"routes/index.py": HEAD + text})
    assert (await app.get("/")).json() is True


@pytest.mark.parametrize("parameter", ["given: dict", "given: Annotated[bytes, Body()]"])
async def test_the_request_reads_the_body_again(serve: Server, parameter: str) -> None:
    text = f"async def post(request: Request, {parameter}): return await request.json()"
    app = await serve({"routes/index.py": HEAD + text})
    assert (await app.post("/", json={"a": 1})).json() == {"a": 1}


async def test_the_request_reads_the_form_again(serve: Server) -> None:
    text = """
async def post(request: Request, a: Annotated[int, Form()]):
    return (await request.form())["a"]
"""
    app = await serve({"routes/index.py": HEAD + text})
    headers = {"content-type": "application/x-www-form-urlencoded"}
    assert (await app.post("/", b"a=1", headers)).json() == "1"


async def test_the_settings_are_the_projects(serve: Server) -> None:
    text = "async def get(settings: Settings): return settings.environment.name"
    app = await serve({"routes/index.py": HEAD + text})
    assert (await app.get("/")).json() == "test"
