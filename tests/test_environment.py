from __future__ import annotations

from pathlib import Path

import pytest

from zenith_server.environment import (
    ENVIRONMENTS,
    SHORT_FORMS,
    Environment,
    detect,
    environment_named,
    find_container,
)
from zenith_server.errors import ProjectError


def detected(
    flag: str | None = None,
    environ: dict[str, str] | None = None,
    *,
    dev: bool = False,
    interactive: bool = True,
    container: str | None = None,
) -> Environment:
    return detect(
        flag=flag,
        environ=environ or {},
        dev_command=dev,
        interactive=interactive,
        container=container,
    )


def test_the_flag_wins_over_every_variable() -> None:
    environ = {"ZENITH_ENV": "test", "APP_ENV": "staging", "ENVIRONMENT": "development"}
    assert detected("production", environ) == Environment("production", "from --env")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"ZENITH_ENV": "test", "APP_ENV": "prod", "ENVIRONMENT": "dev"}, "test from ZENITH_ENV"),
        ({"APP_ENV": "prod", "ENVIRONMENT": "dev"}, "production from APP_ENV"),
        ({"ENVIRONMENT": "dev"}, "development from ENVIRONMENT"),
        ({"ZENITH_ENV": " ", "APP_ENV": "", "ENVIRONMENT": "stg"}, "staging from ENVIRONMENT"),
    ],
)
def test_the_first_variable_that_says_something_wins(
    environ: dict[str, str], expected: str
) -> None:
    found = detected(environ=environ, dev=True)
    assert f"{found.name} {found.reason}" == expected


def test_the_dev_command_is_development_even_in_a_container() -> None:
    found = detected(dev=True, interactive=False, container="Docker (/.dockerenv exists)")
    assert (found.name, found.reason) == ("development", "the command is dev")


def test_a_person_at_a_terminal_is_in_development() -> None:
    assert detected() == Environment("development", "interactive terminal, no container")


def test_no_terminal_is_production() -> None:
    assert detected(interactive=False) == Environment("production", "no interactive terminal")


def test_a_container_is_production_even_with_a_terminal() -> None:
    assert detected(container="Heroku (DYNO is set)") == Environment(
        "production", "runs in Heroku (DYNO is set)", "Heroku (DYNO is set)"
    )


@pytest.mark.parametrize(("short", "name"), SHORT_FORMS.items())
def test_short_forms_are_understood_in_any_case(short: str, name: str) -> None:
    assert environment_named(f" {short.upper()} ", "--env") == name


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_full_names_are_understood(name: str) -> None:
    assert environment_named(name, "--env") == name


def test_an_unknown_word_is_refused_with_the_one_that_was_meant() -> None:
    with pytest.raises(ProjectError) as caught:
        detected(environ={"ZENITH_ENV": "prodcution"})
    [fault] = caught.value.faults
    assert fault.what == '"prodcution" is not an environment. Did you mean "production"?'
    assert fault.where == ("environment variable ZENITH_ENV",)
    assert "development, test, staging, production" in fault.why
    assert len(fault.fixes) == 1


def test_a_variable_that_may_mean_something_else_shows_the_way_past_it() -> None:
    with pytest.raises(ProjectError, match="set ZENITH_ENV: it is read first"):
        detected(environ={"ENVIRONMENT": "qa-3"})


def test_an_unknown_flag_is_named_as_it_is_written() -> None:
    with pytest.raises(ProjectError, match="\n  at --env\n"):
        detected("qa-3")


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "Kubernetes (KUBERNETES_SERVICE_HOST is set)"),
        ({"DYNO": "web.1"}, "Heroku (DYNO is set)"),
        ({"FLY_APP_NAME": "shop"}, "Fly.io (FLY_APP_NAME is set)"),
        ({"RENDER": "true"}, "Render (RENDER is set)"),
        ({"container": "podman"}, "a container (container is set)"),
        ({"DYNO": ""}, None),
        ({"HOME": "/root"}, None),
    ],
)
def test_platforms_tell_themselves_by_a_variable(
    tmp_path: Path, environ: dict[str, str], found: str | None
) -> None:
    assert find_container(environ, tmp_path) == found


@pytest.mark.parametrize(
    ("file", "found"),
    [
        (".dockerenv", "Docker (/.dockerenv exists)"),
        ("run/.containerenv", "Podman (/run/.containerenv exists)"),
    ],
)
def test_containers_tell_themselves_by_a_file(tmp_path: Path, file: str, found: str) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).touch()
    assert find_container({}, tmp_path) == found
