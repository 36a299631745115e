"""The key that sessions and tokens are signed with."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from zenith_server.errors import Fault, ProjectError
from zenith_server.settings import Settings
from zenith_server.settings.rules import NEW_KEY

MAKES_ITS_OWN = ("development", "test")


class SecretKey(str):
    """The project's secret key; a parameter of this type asks for it.

    It is `security.secret_key`. In development and in tests one is made where none is set, and
    kept in the project's data folder. Elsewhere the server refuses to start without one, as soon
    as anything asks for it.

    Example:
        class Tokens(Service):
            def __init__(self, key: SecretKey) -> None:
                self.key = key
    """

    __slots__ = ()

    def __repr__(self) -> str:
        return "SecretKey('***')"


def signing_key(settings: Settings) -> Callable[[], SecretKey]:
    """Return what gives the secret key of these settings.

    Raises:
        ProjectError: none is set where people depend on it.
    """
    given = settings.security.secret_key
    if given:
        return lambda: SecretKey(given)
    if settings.environment.name not in MAKES_ITS_OWN:
        raise ProjectError(_not_set(settings.environment.name))
    return lambda: SecretKey(_kept(settings.root / "data" / "secret_key"))


def _kept(file: Path) -> str:
    """The key in the file, which is made if it is not there."""
    try:
        if not file.exists():
            _make(file)
        return file.read_text(encoding="ascii").strip()
    except OSError as error:
        raise ProjectError(_not_kept(file, error)) from error


def _make(file: Path) -> None:
    file.parent.mkdir(exist_ok=True)
    draft = file.with_name(f"{file.name}.{secrets.token_hex(4)}")
    draft.touch(mode=0o600)
    draft.write_text(secrets.token_urlsafe(48), encoding="ascii")
    # A link, unlike a rename, never replaces the key of a process that was faster.
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()


def _not_set(environment: str) -> Fault:
    return Fault(
        "SECRET_KEY is not set",
        (f"environment {environment}",),
        "The project signs with it. A key made at each start would log everybody out, and differ "
        "between machines.",
        (f"Make one with {NEW_KEY} and set it as SECRET_KEY.",),
    )


def _not_kept(file: Path, error: OSError) -> Fault:
    return Fault(
        "The secret key of development cannot be kept",
        (str(file),),
        f"{error.strerror}.",
        ("Let the server write to this folder.", "Or set SECRET_KEY."),
    )
