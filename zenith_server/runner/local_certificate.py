"""A certificate for this machine alone, for HTTPS in development."""

from __future__ import annotations

import time
from pathlib import Path

from zenith_server.errors import Fault, ProjectError
from zenith_server.runner.tls import expiry

NAMES = ("localhost", "127.0.0.1", "::1")
_LONG_ENOUGH = 7 * 86400.0


def local_certificate(root: Path) -> tuple[Path, Path]:
    """Return the files of a certificate for localhost and of its key, made where they are missing.

    They are kept in the project's data folder, beside the authority that a browser can be told to
    trust.

    Raises:
        ProjectError: trustme is not installed, or the folder cannot be written to.
    """
    folder = root / "data" / "https"
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if not key.exists() or expiry(certificate) < time.time() + _LONG_ENOUGH:
        try:
            _make(folder, certificate, key)
        except OSError as error:
            raise ProjectError(_not_kept(folder, error)) from error
    return certificate, key


def _make(folder: Path, certificate: Path, key: Path) -> None:
    try:
        import trustme
    except ModuleNotFoundError:
        raise ProjectError(_not_installed()) from None
    authority = trustme.CA()
    issued = authority.issue_cert(*NAMES)
    folder.mkdir(parents=True, exist_ok=True)
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    certificate.write_bytes(b"".join(each.bytes() for each in issued.cert_chain_pems))
    # Last, because it tells that the others are there.
    key.touch(mode=0o600)
    issued.private_key_pem.write_to_path(str(key))


def _not_installed() -> Fault:
    return Fault(
        "A local certificate is made by trustme, which is not installed",
        ("option --https",),
        "It is an extra: only development needs it.",
        (
            "pip install 'zenith-server[https]'",
            "Or bring a certificate: --certfile cert.pem --keyfile key.pem",
        ),
    )


def _not_kept(folder: Path, error: OSError) -> Fault:
    return Fault(
        "The local certificate cannot be kept",
        (str(folder),),
        f"{error.strerror}.",
        ("Let the server write to this folder.", "Or bring a certificate: --certfile, --keyfile."),
    )
