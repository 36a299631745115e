"""The project that is compared with others answers rightly; the comparison tells what it lacks."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

import pytest

from tests.benchmarks.answers import CASES, check, fill
from tests.benchmarks.serving import PROJECT, missing
from tests.conftest import ZenithStarter


@pytest.mark.parametrize(
    ("engine", "environment"), [("granian", "production"), ("hypercorn", "staging")]
)
async def test_the_project_passes_the_checks_of_techempower(
    zenith: ZenithStarter, postgres_url: str, engine: str, environment: str
) -> None:
    await fill(postgres_url)
    words = ("--engine", engine, "--env", environment, "--workers", "1")
    server = zenith(PROJECT, *words, env={"DATABASE_URL": postgres_url})
    server.wait_for("ready in")
    for case in CASES.values():
        await check(case, urlsplit(server.url).port or 0, postgres_url)


@pytest.mark.skipif(sys.platform != "linux", reason="it is for Linux alone")
def test_without_wrk_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert "apt-get install wrk" in missing()
