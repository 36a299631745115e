"""Drivers that do not come with Zenith Server, or not in every version that we need."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

from zenith_server.database.url import DatabaseURL
from zenith_server.errors import Fault, ProjectError

INSTALL = "pip install 'zenith-server[mysql]'"


def refuse_unusable(url: DatabaseURL) -> None:
    """Raise if the driver of a database is not there, or is too old.

    Raises:
        ProjectError: says what to install.
    """
    if url.backend != "mysql":
        return
    try:
        from asyncmy.connection import Connection
    except ModuleNotFoundError as error:
        raise ProjectError(_missing(url)) from error
    # All that says that the server has gone: without it each session would have to ask.
    if not hasattr(Connection, "_stream_broken"):
        raise ProjectError(_old(url))


def _missing(url: DatabaseURL) -> Fault:
    return Fault(
        "asyncmy, the driver of MySQL and MariaDB, is not installed",
        (f"{url.origin}: {url.masked}",),
        fixes=(f"Install it: {INSTALL}",),
    )


def _old(url: DatabaseURL) -> Fault:
    try:
        found = version("asyncmy")
    except PackageNotFoundError:
        found = "of unknown version"
    return Fault(
        f"asyncmy {found} does not tell whether a connection is still open",
        (f"{url.origin}: {url.masked}",),
        "Connections that the server has closed could not be replaced before they are used.",
        (f"Install a version from 0.2.18 on: {INSTALL}",),
    )
