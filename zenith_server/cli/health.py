"""`zenith-server health`: the HEALTHCHECK of a container."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from zenith_server.cli.options import HERE, Env, ProjectFolder
from zenith_server.cli.output import complain

TIMEOUT = 3.0
URL = "/health/ready"
UNIX = "unix:"

Address = Annotated[
    str | None, Parameter(help="What to ask; by default /health/ready of the configured port.")
]


def health(*, url: Address = None, project: ProjectFolder = HERE, env: Env = None) -> int:
    """Ask a running server whether it is ready: exit code 0 or 1."""
    from http.client import HTTPException

    asked = url or _address(project, env)
    try:
        status = _status_by_path(asked) if asked.startswith(UNIX) else _status(asked)
    except (OSError, HTTPException, ValueError) as error:
        complain(f"not ready: {asked} does not answer: {getattr(error, 'reason', error)}")
        return 1
    if status == 200:
        print(f"ready: {asked} says {status}")
        return 0
    complain(f"not ready: {asked} says {status}")
    return 1


def _status(url: str) -> int:
    import ssl
    from urllib.error import HTTPError
    from urllib.request import HTTPSHandler, ProxyHandler, build_opener

    # The server is ours or nearby: a proxy in the environment is not for it, and its certificate
    # is for the name that others know it by.
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    opener = build_opener(ProxyHandler({}), HTTPSHandler(context=trusting))
    try:
        with opener.open(url, timeout=TIMEOUT) as answer:
            return answer.status
    except HTTPError as error:
        return error.code


def _status_by_path(address: str) -> int:
    import socket
    from http.client import HTTPConnection

    connection = HTTPConnection("localhost")
    with socket.socket(socket.AF_UNIX) as connection.sock:
        connection.sock.settimeout(TIMEOUT)
        connection.sock.connect(address.removeprefix(UNIX))
        connection.request("GET", URL)
        return connection.getresponse().status


def _address(project: ProjectFolder, env: str | None) -> str:
    from zenith_server.cli.project import settings_in

    settings = settings_in(project, env)
    server = settings.server
    kind, _, path = (server.bind or "").partition(":")
    if kind == "unix":
        return f"{UNIX}{settings.root / path}"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(server.host, server.host)
    scheme = "https" if server.certfile else "http"
    return f"{scheme}://{f'[{host}]' if ':' in host else host}:{server.port}{URL}"
