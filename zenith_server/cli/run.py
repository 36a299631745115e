"""`zenith-server ./project`, `run` and `dev`: serve a project."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from cyclopts import Parameter

from zenith_server.cli.options import HERE, Env, ProjectFolder
from zenith_server.cli.serving import serve_project


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """The settings of the section `server` that the command line takes."""

    host: Annotated[str | None, Parameter(help="The address to listen on; HOST does the same.")] = (
        None
    )
    port: Annotated[
        int | None, Parameter(help="The port, 0 for any free one; PORT does the same.")
    ] = None
    bind: Annotated[
        str | None,
        Parameter(help="Listen on unix:/path or fd://3 in place of host and port."),
    ] = None
    certfile: Annotated[
        str | None, Parameter(help="A certificate in PEM form: serve HTTPS and HTTP/2.")
    ] = None
    keyfile: Annotated[str | None, Parameter(help="The key of the certificate.")] = None
    http3: Annotated[
        bool | None,
        Parameter(help="Serve HTTP/3 too, on the same port of UDP.", negative="--no-http3"),
    ] = None
    workers: Annotated[int | None, Parameter(help="How many processes serve.")] = None
    engine: Annotated[
        Literal["auto", "hypercorn", "granian"] | None, Parameter(help="The HTTP engine.")
    ] = None
    reload: Annotated[
        bool | None,
        Parameter(help="Whether saved files take effect at once.", negative="--no-reload"),
    ] = None


Https = Annotated[
    bool, Parameter(help="Serve HTTPS with a certificate made for this machine.", negative=())
]
Options = Annotated[ServerOptions, Parameter(name="*")]
_NONE = ServerOptions()


class Serve:
    """The commands that serve.

    Args:
        started: when the process was started, on the monotonic clock.
    """

    def __init__(self, started: float | None) -> None:
        self.started = started

    def run(
        self, project: ProjectFolder = HERE, *, env: Env = None, options: Options = _NONE
    ) -> int:
        """Serve a project; its folder alone does the same."""
        return self._serve(project, options, env=env)

    def dev(
        self,
        project: ProjectFolder = HERE,
        *,
        env: Env = None,
        https: Https = False,
        options: Options = _NONE,
    ) -> int:
        """Serve a project in the development environment."""
        if https:
            from zenith_server.runner.local_certificate import local_certificate

            certificate, key = local_certificate(project.resolve())
            options = replace(options, certfile=str(certificate), keyfile=str(key))
        return self._serve(project, options, env=env, dev=True)

    def _serve(
        self, project: Path, options: ServerOptions, *, env: str | None, dev: bool = False
    ) -> int:
        return serve_project(project, asdict(options), env=env, dev=dev, started=self.started)
