from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.refusals import faults_of
from tests.served import Served, ask
from zenith_server.plugins.layers import metrics

TOKEN = {"authorization": "Bearer for-the-scraper"}
FILES = {
    "zenith.yaml": "layers: {metrics: true}\nmetrics: {token: for-the-scraper}\n",
    "routes/items/[id].py": """
        async def get(id: int, fails: bool = False) -> dict[str, int]:
            if fails:
                raise RuntimeError
            return {"id": id}
        """,
    "routes/hello.py": "async def get() -> str: return 'hi'\nasync def post() -> None: ...",
}


async def figures(app: Served) -> dict[str, float]:
    """Return the numbers of a scrape by name and labels."""
    answer = await app.get("/metrics", TOKEN)
    assert answer.status == 200, answer.body
    lines = answer.body.decode().splitlines()
    pairs = [line.rsplit(" ", 1) for line in lines if not line.startswith("#")]
    return {name: float(value) for name, value in pairs}


async def test_requests_are_counted_by_pattern_method_and_class_of_status(serve: Server) -> None:
    app = await serve(FILES)
    for url in ("/items/1", "/items/2", "/items/x", "/items/3?fails=true", "/hello"):
        await app.get(url)
    await app.post("/hello")
    found = await figures(app)
    counted = {name: value for name, value in found.items() if "requests_total" in name}
    assert counted == {
        'http_requests_total{method="GET",route="/items/{id}",status="2xx"}': 2,
        'http_requests_total{method="GET",route="/items/{id}",status="4xx"}': 1,
        'http_requests_total{method="GET",route="/items/{id}",status="5xx"}': 1,
        'http_requests_total{method="GET",route="/hello",status="2xx"}': 1,
        'http_requests_total{method="POST",route="/hello",status="2xx"}': 1,
    }


async def test_what_no_route_answers_has_no_route_and_no_method_of_a_stranger(
    serve: Server,
) -> None:
    app = await serve(FILES)
    for number in range(20):
        await app.request(f"STRANGE{number}", f"/nowhere/{number}")
    await app.get("/hello/")
    found = await figures(app)
    counted = {name: value for name, value in found.items() if "requests_total" in name}
    assert counted == {
        'http_requests_total{method="other",route="",status="4xx"}': 20,
        'http_requests_total{method="GET",route="",status="3xx"}': 1,
    }


async def test_durations_are_a_histogram(serve: Server) -> None:
    slow = "import asyncio\nasync def get() -> None: await asyncio.sleep(0.03)"
    app = await serve({**FILES, "routes/slow.py": slow})
    await app.get("/slow")
    found = await figures(app)
    name, labels = "http_request_duration_seconds", 'method="GET",route="/slow"'
    classes = [found[f'{name}_bucket{{le="{le}",{labels}}}'] for le in ("0.025", "10.0", "+Inf")]
    assert classes == [0, 1, 1]
    assert found[f"{name}_count{{{labels}}}"] == 1
    assert found[f"{name}_sum{{{labels}}}"] >= 0.03


async def test_bodies_and_the_process_are_told_too(serve: Server) -> None:
    app = await serve(FILES)
    await app.get("/hello")
    found = await figures(app)
    assert found['http_response_body_bytes_total{method="GET",route="/hello"}'] == len('"hi"')
    resident = [name for name in found if name.startswith("process_resident_memory_bytes{pid=")]
    assert len(resident) == 1
    assert found[resident[0]] > 1_000_000


async def test_layers_of_the_project_hide_no_route(serve: Server) -> None:
    layer = "async def middleware(request, call_next): return await call_next(request)"
    app = await serve({**FILES, "middleware/10_one.py": layer})
    await app.get("/items/1")
    assert 'http_requests_total{method="GET",route="/items/{id}",status="2xx"}' in await figures(
        app
    )


async def test_a_client_that_leaves_is_a_4xx(serve: Server) -> None:
    app = await serve({**FILES, "routes/up.py": "async def post(data: dict[str, int]): ..."})
    await app.request("POST", "/up", leaves=True)
    assert 'http_requests_total{method="POST",route="/up",status="4xx"}' in await figures(app)


async def test_the_connections_to_the_database_are_told(serve: Server, postgres_url: str) -> None:
    route = "from zenith_server import DB\nfrom sqlalchemy import text\n"
    route += "async def get(session=DB) -> int: return await session.scalar(text('SELECT 1'))"
    app = await serve({**FILES, "routes/one.py": route}, "test", {"DATABASE_URL": postgres_url})
    assert (await app.get("/one")).body == b"1"
    found = await figures(app)
    plain = {re.sub(r',?pid="\d+",?', "", name): value for name, value in found.items()}
    assert plain['database_connections{database="default"state="idle"}'] == 1
    assert plain['database_connections{database="default"state="used"}'] == 0
    assert plain['database_connections_max{database="default"}'] > 1


async def test_what_the_project_counts_itself_is_told(serve: Server) -> None:
    route = """
        from prometheus_client import Counter
        orders = Counter("test_metrics_orders", "Orders.")
        async def post() -> None: orders.inc()
        """
    app = await serve({**FILES, "routes/orders.py": route})
    await app.post("/orders")
    assert (await figures(app))["test_metrics_orders_total"] == 1


async def test_a_scraper_may_ask_for_openmetrics(serve: Server) -> None:
    app = await serve(FILES)
    accept = "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"
    answer = await app.get("/metrics", {**TOKEN, "accept": accept})
    assert (answer.header("content-type") or "").startswith("application/openmetrics-text")
    assert answer.body.endswith(b"# EOF\n")


@pytest.mark.parametrize("header", [None, "Bearer wrong", "for-the-scraper", "Bearer é"])
async def test_without_the_token_nothing_is_told(serve: Server, header: str | None) -> None:
    app = await serve(FILES)
    answer = await app.get("/metrics", {"authorization": header} if header else {})
    assert answer.status == 401
    assert answer.header("www-authenticate") == 'Bearer realm="metrics"'


async def test_only_the_named_networks_are_told_and_no_proxy_in_them(serve: Server) -> None:
    yaml = "layers: {metrics: true}\nmetrics: {allow: [10.0.0.0/8, unix]}\n"
    app = await serve({**FILES, "zenith.yaml": yaml})

    async def status(client: object, *headers: tuple[bytes, bytes]) -> int:
        return (await ask(app, "GET", "/metrics", client=client, headers=headers)).status

    assert await status(("10.1.2.3", 1)) == 200
    assert await status(None) == 200
    assert await status(("192.0.2.1", 1)) == 403
    assert await status(("10.1.2.3", 1), (b"x-forwarded-for", b"10.9.9.9")) == 403
    assert await status(("10.1.2.3", 1), (b"forwarded", b"for=10.9.9.9")) == 403


async def test_where_nobody_may_ask_nothing_is_there_and_nothing_is_counted(serve: Server) -> None:
    app = await serve({"routes/index.py": "async def get(): return 1"}, "production")
    assert (await app.get("/metrics")).status == 404


async def test_a_scrape_does_not_count_itself(serve: Server) -> None:
    app = await serve(FILES)
    await figures(app)
    assert not any("/metrics" in name for name in await figures(app))


async def test_requests_at_the_same_time_are_all_counted(serve: Server) -> None:
    app = await serve(FILES)
    await asyncio.gather(*(app.get("/hello") for _ in range(50)))
    assert (await figures(app))[
        'http_requests_total{method="GET",route="/hello",status="2xx"}'
    ] == 50


def test_without_the_library_the_start_says_what_to_install(
    project: Callable[[Mapping[str, str]], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "find_spec", lambda _: None)
    (fault,) = faults_of(project(FILES))
    assert fault.where == ("metrics.token from zenith.yaml:2",)
    assert "Install it: pip install 'zenith-server[metrics]'" in fault.fixes
