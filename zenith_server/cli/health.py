"""`zenith-server health`: the HEALTHCHECK of a container."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from zenith_server.cli.options import HERE, Env, ProjectFolder
from zenith_server.cli.output import complain

TIMEOUT = 3.0
URL = "/health/ready"

Address = Annotated[
    str | None, Parameter(help="What to ask; by default /health/ready of the configured port.")
]


def health(*, url: Address = None, project: ProjectFolder = HERE, env: Env = None) -> int:
    """Ask a running server whether it is ready: exit code 0 or 1."""
    from http.client import HTTPException
    from urllib.error import HTTPError
    from urllib.request import ProxyHandler, build_opener

    asked = url or _address(project, env)
    try:
        # The server is ours or nearby: a proxy in the environment is not for it.
        with build_opener(ProxyHandler({})).open(asked, timeout=TIMEOUT) as answer:
            print(f"ready: {asked} says {answer.status}")
            return 0
    except HTTPError as error:
        complain(f"not ready: {asked} says {error.code}")
    except (OSError, HTTPException, ValueError) as error:
        complain(f"not ready: {asked} does not answer: {getattr(error, 'reason', error)}")
    return 1


def _address(project: ProjectFolder, env: str | None) -> str:
    from zenith_server.cli.project import settings_in

    server = settings_in(project, env).server
    host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(server.host, server.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{server.port}{URL}"
