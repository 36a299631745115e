"""`zenith-server ./project`, `run` and `dev`: serve a project."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from zenith_server.cli.options import HERE, Env, ProjectFolder

if TYPE_CHECKING:
    from zenith_server.settings import Settings


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
        from zenith_server.runner.banner import Report
        from zenith_server.runner.serve import serve
        from zenith_server.scan import check_folder
        from zenith_server.settings import settings_of

        root = project.resolve()
        check_folder(root)
        given = {f"server.{name}": value for name, value in asdict(options).items()}

        def read_settings() -> Settings:
            return settings_of(root, env=env, dev_command=dev, options=given)

        if _is_bare(root):
            _look_for_files(read_settings())
        report = Report(person=sys.stderr.isatty())
        return serve(read_settings, report=report, started=self.started)


def _is_bare(root: Path) -> bool:
    """Whether a folder has neither folders nor Python files, and so nothing to be mended."""
    with os.scandir(root) as entries:
        visible = [entry for entry in entries if not entry.name.startswith(".")]
    return not any(entry.is_dir() or entry.name.endswith(".py") for entry in visible)


def _look_for_files(settings: Settings) -> None:
    """Refuse a folder without any file that has a part to play, and say what was looked for."""
    from zenith_server.boot import manifest_of, plugins_of

    manifest_of(settings, plugins_of(settings))
