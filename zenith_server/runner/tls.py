"""The certificate that the server shows, looked at before anybody else has to find out."""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from zenith_server.errors import Fault, ProjectError
from zenith_server.settings import Settings

PROTOCOLS = ["h2", "http/1.1"]
# TLS 1.2 with forward secrecy and authenticated encryption only (RFC 9113, 9.2.2); 1.3 is as it is.
_CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
_SOON = 14 * 86400.0


class Files(tuple[Path, Path]):
    """A certificate, with those between it and its authority, and its key; both PEM."""

    __slots__ = ()


def files(settings: Settings) -> Files | None:
    """Return the files of the certificate and its key; None where TLS is not asked for.

    Raises:
        ProjectError: there is a key and no certificate, or a file is not there.
    """
    given = {
        "server.certfile": settings.server.certfile,
        "server.keyfile": settings.server.keyfile or settings.server.certfile,
    }
    if not settings.server.certfile:
        if settings.server.keyfile:
            raise ProjectError(_no_certificate(settings))
        return None
    paths = {name: settings.root / str(value) for name, value in given.items()}
    faults = [_not_readable(settings, name, p) for name, p in paths.items() if not p.is_file()]
    if faults:
        raise ProjectError(*dict.fromkeys(faults))
    return Files(paths.values())


def context(settings: Settings) -> ssl.SSLContext | None:
    """Return what speaks TLS for the server; None where it is not asked for.

    Raises:
        ProjectError: the files are not there, hold something else, or do not belong together.
    """
    found = files(settings)
    if found is None:
        return None
    made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.set_ciphers(_CIPHERS)
    made.set_alpn_protocols(PROTOCOLS)
    try:
        made.load_cert_chain(*found, password=_no_password)
    except ssl.SSLError as error:
        raise ProjectError(_no_pair(settings, error)) from error
    except OSError as error:
        raise ProjectError(_unreadable(settings, error)) from error
    return made


def warnings(settings: Settings) -> Iterator[Fault]:
    """Yield what is wrong with a certificate that can be shown all the same: its time is over.

    Raises:
        ProjectError: as `context`.
    """
    found = files(settings)
    if found is None or context(settings) is None:
        return
    left = expiry(found[0]) - time.time()
    if left < _SOON:
        yield _expired(settings, left)


def expiry(certificate: Path) -> float:
    """Return when a certificate ends, in seconds since 1970."""
    # The only part of the standard library that reads a certificate that no peer has shown.
    decode = cast("Any", ssl)._ssl._test_decode_cert
    return float(ssl.cert_time_to_seconds(decode(str(certificate))["notAfter"]))


def _no_password() -> str:
    raise OSError(0, "The key is encrypted")


def _where(settings: Settings, *names: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(f"{name}, {settings.origin(name)}" for name in names))


def _no_certificate(settings: Settings) -> Fault:
    return Fault(
        "There is a key and no certificate",
        _where(settings, "server.keyfile"),
        "TLS needs both.",
        ("Set server.certfile too (--certfile).",),
    )


def _not_readable(settings: Settings, name: str, path: Path) -> Fault:
    return Fault(
        f"There is no file {path}",
        _where(settings, name),
        "A relative path is looked for in the project's folder.",
        ("Correct the path.", "For development: zenith-server dev --https makes a certificate."),
    )


def _unreadable(settings: Settings, error: OSError) -> Fault:
    return Fault(
        "The certificate or its key cannot be read",
        _where(settings, "server.certfile", "server.keyfile"),
        f"{error.strerror}.",
        (
            "Let the server read both files.",
            "A key without a password: openssl pkey -in old.pem -out new.pem",
        ),
    )


def _no_pair(settings: Settings, error: ssl.SSLError) -> Fault:
    mismatch = error.reason == "KEY_VALUES_MISMATCH"
    what = (
        "The key is not that of the certificate"
        if mismatch
        else "This is no certificate with its key"
    )
    return Fault(
        what,
        _where(settings, "server.certfile", "server.keyfile"),
        "Both are PEM files; the certificate of the server comes first, those between it and its "
        "authority after it.",
        ("Compare: openssl x509 -pubkey -noout -in CERT and openssl pkey -pubout -in KEY",),
    )


def _expired(settings: Settings, left: float) -> Fault:
    days = abs(int(left // 86400))
    when = f"ends in {days} days" if left > 0 else f"ended {days} days ago"
    return Fault(
        f"The certificate {when}",
        _where(settings, "server.certfile"),
        "Clients refuse one whose time is over.",
        ("Renew it, then send SIGHUP: new workers show the new one.",),
    )
