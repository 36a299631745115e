"""Which layers are on in which environment: one table, in the order a request meets them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from zenith_server.environment import ENVIRONMENTS, EnvironmentName
from zenith_server.errors import Fault, ProjectError, suggestion


class Preset(Struct, frozen=True):
    """One row of the table.

    Args:
        layer: the layer's name.
        environments: where it is on unless `layers:` says otherwise.
        reason: why it is there, in a line.
    """

    layer: str
    environments: tuple[EnvironmentName, ...]
    reason: str


_EVERYWHERE = ENVIRONMENTS
_DEPLOYED: tuple[EnvironmentName, ...] = ("staging", "production")
_NOWHERE: tuple[EnvironmentName, ...] = ()

PRESETS = (
    Preset("trusted_proxy", _DEPLOYED, "the client's address and scheme, from a proxy we trust"),
    Preset("request_id", _EVERYWHERE, "one id in the answer, the log and each problem"),
    Preset("server_timing", ("development",), "where the time went, in the browser's tools"),
    Preset("access_log", _EVERYWHERE, "one line for each request"),
    Preset("metrics", _DEPLOYED, "requests by route and their durations, for Prometheus"),
    Preset("security_headers", _EVERYWHERE, "safe answers in browsers"),
    Preset("hosts", _DEPLOYED, "no answer for a host that is not ours"),
    Preset("https_redirect", _NOWHERE, "only where TLS ends here or at a trusted proxy"),
    Preset("cors", _EVERYWHERE, "pages of the origins in cors.origins may call"),
    Preset("websocket_origin", _EVERYWHERE, "no WebSocket for pages of other sites"),
    Preset("compression", _DEPLOYED, "fewer bytes; left off where people read raw answers"),
    Preset("refresh", ("development",), "pages renew themselves when the code has changed"),
    Preset("timeout", _DEPLOYED, "a stuck handler ends; left off where a debugger waits"),
    Preset("concurrency", _DEPLOYED, "no more work at a time than can be done"),
    Preset("body_limit", _EVERYWHERE, "no body larger or slower than the project allows"),
    Preset("msgpack", _NOWHERE, "MessagePack beside JSON, for clients that ask for it"),
)


def layers_of(
    environment: EnvironmentName, overrides: Mapping[str, bool], others: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return the names of the preset's layers that are on, outermost first.

    Args:
        environment: the environment's name.
        overrides: layers switched on or off by name, as `settings.layers` holds them.
        others: layers from elsewhere that an override may name too: of plugins, of the project.

    Raises:
        ProjectError: an override names no layer.

    Example:
        >>> layers_of("test", {"cors": False, "body_limit": False})
        ('request_id', 'access_log', 'security_headers')
    """
    known = (*(preset.layer for preset in PRESETS), *others)
    faults = [_unknown(name, known) for name in overrides if name not in known]
    if faults:
        raise ProjectError(*faults)
    return tuple(
        preset.layer
        for preset in PRESETS
        if overrides.get(preset.layer, environment in preset.environments)
    )


def _unknown(name: str, known: tuple[str, ...]) -> Fault:
    return Fault(
        f'There is no layer "{name}".{suggestion(name, known)}',
        (f"setting layers.{name}",),
        f"The layers are {', '.join(known)}.",
        (f"Correct the name, or remove {name} from layers.",),
    )
