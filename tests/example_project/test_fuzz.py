"""The short form of `scripts/fuzz.py`, on both databases."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from tests.example_project.fuzz import Request, requests
from tests.served import Served


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(requests())
async def test_no_request_is_answered_by_a_fault_of_ours(app: Served, request_: Request) -> None:
    method, url, headers, body = request_
    answer = await app.request(method, url, headers, body)
    assert answer.status < 500, (answer.status, answer.body)
