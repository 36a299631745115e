"""Which environment this is, and why: said by a flag or a variable, or told by the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, get_args

from msgspec import Struct

from zenith_server.errors import Fault, ProjectError, suggestion

EnvironmentName = Literal["development", "test", "staging", "production"]

ENVIRONMENTS: tuple[EnvironmentName, ...] = get_args(EnvironmentName)
VARIABLES = ("ZENITH_ENV", "APP_ENV", "ENVIRONMENT")
SHORT_FORMS: Mapping[str, EnvironmentName] = {
    "dev": "development",
    "develop": "development",
    "local": "development",
    "testing": "test",
    "stage": "staging",
    "stg": "staging",
    "prod": "production",
    "live": "production",
}

_FILES = {".dockerenv": "Docker", "run/.containerenv": "Podman"}
_PLATFORMS = {
    "KUBERNETES_SERVICE_HOST": "Kubernetes",
    "DYNO": "Heroku",
    "FLY_APP_NAME": "Fly.io",
    "RENDER": "Render",
    "RAILWAY_ENVIRONMENT": "Railway",
    "RAILWAY_PROJECT_ID": "Railway",
    "K_SERVICE": "Cloud Run",
    "ECS_CONTAINER_METADATA_URI_V4": "Amazon ECS",
    "AWS_EXECUTION_ENV": "AWS",
    "WEBSITE_INSTANCE_ID": "Azure App Service",
    "VCAP_APPLICATION": "Cloud Foundry",
    "NOMAD_ALLOC_ID": "Nomad",
    "container": "a container",
}


class Environment(Struct, frozen=True):
    """The environment that a project runs in.

    Args:
        name: one of the four names.
        reason: how it was decided, as the banner prints it: "from ZENITH_ENV".
        container: the container or platform around the process, with its marker, if any.

    Example:
        >>> Environment("production", "from ZENITH_ENV").name
        'production'
    """

    name: EnvironmentName
    reason: str
    container: str | None = None


def detect(
    *,
    flag: str | None,
    environ: Mapping[str, str],
    dev_command: bool,
    interactive: bool,
    container: str | None,
) -> Environment:
    """Decide the environment: what was said wins, then the situation of the process.

    Args:
        flag: the value of `--env`, if given.
        environ: the process environment; an empty variable counts as not set.
        dev_command: whether the command is `zenith-server dev`.
        interactive: whether a person sits at the terminal.
        container: what `find_container` returned.

    Raises:
        ProjectError: the flag or variable names no environment.

    Example:
        >>> detect(flag=None, environ={"APP_ENV": "prod"}, dev_command=False,
        ...        interactive=True, container=None).reason
        'from APP_ENV'
    """
    for source, value in _said(flag, environ):
        return Environment(environment_named(value, source), f"from {source}", container)
    name, reason = _guessed(dev_command, interactive, container)
    return Environment(name, reason, container)


def environment_named(value: str, source: str) -> EnvironmentName:
    """Return the environment that a word means, in full or in short, in any case.

    Args:
        value: the word, such as "prod".
        source: where it was written, for the message: "--env" or the name of a variable.

    Raises:
        ProjectError: the word means no environment.

    Example:
        >>> environment_named("Prod", "--env")
        'production'
    """
    word = value.strip().lower()
    for name in ENVIRONMENTS:
        if name == SHORT_FORMS.get(word, word):
            return name
    raise ProjectError(_unknown(value, source))


def find_container(environ: Mapping[str, str], filesystem: Path = Path("/")) -> str | None:
    """Return the container or platform that the process runs in, with the marker that tells.

    Args:
        environ: the process environment.
        filesystem: where `/` is.

    Example:
        >>> find_container({"DYNO": "web.1"}, Path("/nowhere"))
        'Heroku (DYNO is set)'
    """
    for variable, platform in _PLATFORMS.items():
        if environ.get(variable):
            return f"{platform} ({variable} is set)"
    for file, platform in _FILES.items():
        if (filesystem / file).exists():
            return f"{platform} (/{file} exists)"
    return None


def _said(flag: str | None, environ: Mapping[str, str]) -> list[tuple[str, str]]:
    said = [("--env", flag or ""), *((name, environ.get(name, "")) for name in VARIABLES)]
    return [(source, value) for source, value in said if value.strip()]


def _guessed(
    dev_command: bool, interactive: bool, container: str | None
) -> tuple[EnvironmentName, str]:
    if dev_command:
        return "development", "the command is dev"
    if container:
        return "production", f"runs in {container}"
    if interactive:
        return "development", "interactive terminal, no container"
    return "production", "no interactive terminal"


def _unknown(value: str, source: str) -> Fault:
    short = ", ".join(SHORT_FORMS)
    fixes = [f"Set {source} to one of {', '.join(ENVIRONMENTS)}."]
    if source in VARIABLES[1:]:
        fixes.append(f"If {source} means something else here, set ZENITH_ENV: it is read first.")
    return Fault(
        f'"{value}" is not an environment.'
        + suggestion(value.strip().lower(), (*ENVIRONMENTS, *SHORT_FORMS)),
        (source if source.startswith("-") else f"environment variable {source}",),
        f"The environments are {', '.join(ENVIRONMENTS)}; short forms are {short}.",
        tuple(fixes),
    )
