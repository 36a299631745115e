"""`/metrics`: how many requests, how long they took, and how the processes are, for Prometheus."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from hmac import compare_digest
from importlib.util import find_spec
from typing import Any

from starlette.requests import Request

from zenith_server.draft import Draft
from zenith_server.errors import Fault, ProjectError
from zenith_server.figures import WHOLE, Family, Sample, read, together
from zenith_server.networks import UNIX, trust
from zenith_server.plan import Inline
from zenith_server.plugin import Plugin
from zenith_server.problems import Forbidden, Unauthorized
from zenith_server.protocol import Scope
from zenith_server.reply import Reply, reply
from zenith_server.router import METHODS, hidden

URL = "/metrics"
INSTALL = "pip install 'zenith-server[metrics]'"
OTHER = "other"
# Upper ends of the classes of durations, in seconds.
BOUNDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
# Where the other numbers of a tally stand behind its classes of durations, statuses last.
SUM, SENT, STATUSES = len(BOUNDS) + 1, len(BOUNDS) + 2, len(BOUNDS) + 2
GONE = 4  # as 499 in the access log: nobody waited for the answer
FORWARDED = (b"x-forwarded-for", b"forwarded")

Tally = list[float]

FINISH = """
route = '' if exchange.endpoint is None else exchange.endpoint.url
try:
    tally = $tallies[route][scope['method']]
except KeyError:
    tally = $tally(route, scope['method'])
took = ended - exchange.began
tally[0 if took <= $FIRST else $bisect($BOUNDS, took)] += 1
tally[$SUM] += took
tally[$SENT] += exchange.size
tally[$STATUSES + (exchange.status // 100 or $GONE)] += 1
"""
_NAMES: dict[str, Any] = {
    "bisect": bisect_left,
    "BOUNDS": BOUNDS,
    "FIRST": BOUNDS[0],
    "SUM": SUM,
    "SENT": SENT,
    "STATUSES": STATUSES,
    "GONE": GONE,
}


class Metrics(Plugin):
    """Counts requests by route, and tells a scraper who may know.

    The URL is answered before every layer, as health is. Nobody may ask until a setting says who:
    routes and their load are the operator's own affair.
    """

    name = "metrics"

    def setup(self, draft: Draft) -> None:
        """Add the hook and the URL."""
        metrics = draft.settings.metrics
        if metrics.token is None and not metrics.allow:
            draft.idle(self.name, "neither metrics.token nor metrics.allow is set")
            return
        if find_spec("prometheus_client") is None:
            raise ProjectError(_missing(draft))
        tallies = Tallies()
        draft.hook(self.name, finish=Inline(FINISH, tallies.names), only="http")
        draft.measure(tallies.families)
        draft.measure(registered)
        may = partial(require, metrics.token, metrics.allow)
        draft.route("GET", URL, Page(draft.measures, may).get, outside=True)


class Tallies:
    """The counts of one process: a list of numbers for each route and method.

    A request costs four additions; names and labels are made when somebody asks.
    """

    def __init__(self) -> None:
        self._by_route: dict[str, dict[str, Tally]] = {}

        # What the lines that count a request refer to.
        self.names = {"tallies": self._by_route, "tally": self._tally} | _NAMES

    def _tally(self, route: str, method: str) -> Tally:
        """Return the list of a route and method; methods that nobody knows share one."""
        tallies = self._by_route.setdefault(route, {})
        known = method if method in METHODS else OTHER
        return tallies.setdefault(known, [0] * (STATUSES + 6))

    def families(self) -> list[Family]:
        """Return the counts as Prometheus knows them."""
        requests: list[Sample] = []
        durations: list[Sample] = []
        sent: list[Sample] = []
        for route, tallies in self._by_route.copy().items():
            for method, tally in tallies.copy().items():
                labels = {"method": method, "route": route}
                requests += _by_status(labels, tally)
                durations += _histogram(labels, tally)
                sent.append(Sample("http_response_body_bytes_total", labels, tally[SENT]))
        return [
            Family("http_requests", "counter", "Requests, by class of status.", requests),
            Family(DURATION, "histogram", "Seconds until the last byte.", durations),
            Family("http_response_body_bytes", "counter", "Bytes of the bodies sent.", sent),
        ]


DURATION = "http_request_duration_seconds"


def _by_status(labels: dict[str, str], tally: Tally) -> Iterable[Sample]:
    for digit in range(1, 6):
        if tally[STATUSES + digit]:
            more = {**labels, "status": f"{digit}xx"}
            yield Sample("http_requests_total", more, tally[STATUSES + digit])


def _histogram(labels: dict[str, str], tally: Tally) -> Iterable[Sample]:
    """Each class counts what is faster too."""
    total = 0.0
    for index, bound in enumerate((*BOUNDS, float("inf"))):
        total += tally[index]
        name = "+Inf" if index == len(BOUNDS) else str(bound)
        yield Sample(f"{DURATION}_bucket", {**labels, "le": name}, total)
    yield Sample(f"{DURATION}_count", labels, total)
    yield Sample(f"{DURATION}_sum", labels, tally[SUM])


def registered() -> list[Family]:
    """Return what the project itself counts with prometheus_client, and what that does alone.

    That is the memory, time and descriptors of the process, and its garbage collector.
    """
    from prometheus_client import REGISTRY

    return [
        Family(
            family.name,
            family.type,
            family.documentation,
            [
                Sample(sample.name, sample.labels, sample.value)
                for sample in family.samples
                # When it was made, which no sum over processes has.
                if not sample.name.endswith("_created")
            ],
        )
        for family in REGISTRY.collect()
    ]


class Page:
    """The URL.

    Args:
        measures: what counts in this process; the list grows until all plugins are set up.
        require: raises for whoever may not know.
    """

    def __init__(
        self,
        measures: list[Callable[[], Iterable[Family]]],
        require: Callable[[Request], None],
    ) -> None:
        self._measures = measures
        self._require = require

    @hidden
    async def get(self, request: Request) -> Reply:
        """Return the figures of all workers; of this process where no supervisor knows others."""
        self._require(request)
        whole: Callable[[], Awaitable[list[Any]]] | None
        whole = request.scope.get("state", {}).get(WHOLE)
        if whole is not None:
            families = read(await whole())
        else:
            families = together(
                [(str(os.getpid()), [f for measure in self._measures for f in measure()])]
            )
        return text(families, request.headers.get("accept", ""))


def text(families: Iterable[Family], accept: str) -> Reply:
    """Return families in the format that a scraper asks for, by default that of Prometheus."""
    from prometheus_client.exposition import choose_encoder
    from prometheus_client.metrics_core import Metric

    class Collected:
        def collect(self) -> Iterable[Metric]:
            for family in families:
                metric = Metric(family.name, family.text, family.kind)
                for sample in family.samples:
                    metric.add_sample(*sample)
                yield metric

    encode, kind = choose_encoder(accept)
    headers = [(b"content-type", kind.encode()), (b"cache-control", b"no-store")]
    return reply(200, headers, encode(Collected()))


def require(token: str | None, networks: tuple[str, ...], request: Request) -> None:
    """Refuse whoever may not know.

    Raises:
        Forbidden: who asks is not in `metrics.allow`, or asks through a proxy, which asks for
            everybody.
        Unauthorized: the token is missing or wrong.
    """
    if networks and not _is_among(networks, request.scope):
        raise Forbidden("These figures are for the addresses in metrics.allow")
    if token is not None:
        given = request.headers.get("authorization", "").encode("latin-1")
        if not compare_digest(given, b"Bearer " + token.encode()):
            raise Unauthorized("Send the token: Authorization: Bearer …", _CHALLENGE)


def _is_among(networks: tuple[str, ...], scope: Scope) -> bool:
    if any(name in FORWARDED for name, _ in scope["headers"]):
        return False
    peer = scope.get("client")
    return bool(trust(networks)(peer[0])) if peer and peer[0] else UNIX in networks


_CHALLENGE = {"www-authenticate": 'Bearer realm="metrics"'}


def _missing(draft: Draft) -> Fault:
    key = "metrics.token" if draft.settings.metrics.token is not None else "metrics.allow"
    return Fault(
        "The figures at /metrics need prometheus_client, which is not installed",
        (f"{key} from {draft.settings.origin(key)}",),
        "It writes the format that Prometheus reads.",
        (f"Install it: {INSTALL}", f"Or leave {key} out: then nothing is counted."),
    )
