from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from tests.settings.conftest import Reader
from zenith_server.environment import Environment
from zenith_server.errors import ProjectError
from zenith_server.settings import Given, Server, Settings
from zenith_server.settings.value import KEYS

SECRETS = {
    "DATABASE_URL": "postgres://ann:s3cret@db/app",
    "REDIS_URL": "redis://:s3cret@cache",
    "SECRET_KEY": "s3cret",
    "ZENITH_PLUGINS__AUTH__TOKEN": "s3cret",
    "ZENITH_PLUGINS__MAIL__URL": "smtp://ann:s3cret@mail",
    "OTHER": "s3cret",
}


def test_no_secret_shows_in_the_text_of_settings(read: Reader) -> None:
    settings = read({".env": "MORE=s3cret"}, environ=SECRETS)
    assert settings.database.url == SECRETS["DATABASE_URL"]
    assert "s3cret" not in repr(settings) + str(settings) + str(settings.database)


def test_no_secret_shows_in_an_explanation(read: Reader) -> None:
    files = {"zenith.yaml": "security: {secret_key: weak_s3cret}"}
    explained = read(files, environ=SECRETS).explain()
    assert "s3cret" not in repr(explained)
    assert "postgres://ann:***@db/app" in {each.value for each in explained if each.secret}


def test_an_explanation_is_json(read: Reader) -> None:
    settings = read({"zenith.yaml": "plugins: {auth: {a: [1, {b: c}]}}"}, environ=SECRETS)
    assert json.loads(msgspec.json.encode(settings.explain()))[0]["key"] == "server.host"


def test_every_declared_setting_is_explained(read: Reader) -> None:
    assert [each.key for each in read().explain()] == list(KEYS)


def test_a_section_is_explained_by_its_name(read: Reader) -> None:
    assert [each.key for each in read().explain("health")] == ["health.details"]


def test_layers_and_plugins_are_explained_with_their_origin(read: Reader) -> None:
    settings = read({"zenith.yaml": "layers: {cors: off}\nplugins: {auth: {ttl: 5}}"})
    assert settings.origin("layers.cors") == "zenith.yaml:1"
    assert settings.explain("plugins.auth.ttl")[0].value == 5


def test_an_unknown_setting_cannot_be_explained(read: Reader) -> None:
    with pytest.raises(ProjectError, match=r'no setting "prot"\. Did you mean "server\.port"'):
        read().explain("prot")


def test_settings_made_by_hand_have_the_defaults_of_no_environment() -> None:
    settings = Settings(Path("shop"), Environment("test", ""), server=Server(port=9))
    [port] = settings.explain("server.port")
    assert (port.value, port.origin, port.overridden) == (9, "default", ())


def test_settings_are_frozen() -> None:
    settings = Settings(Path("shop"), Environment("test", ""))
    with pytest.raises(AttributeError):
        settings.server.port = 9  # pyright: ignore[reportAttributeAccessIssue]


def test_what_was_overridden_is_kept_the_strongest_first(read: Reader) -> None:
    [port] = read({".env": "PORT=2"}, environ={"PORT": "3"}).explain("server.port")
    assert port.overridden == (Given(".env:1", 2), Given("default", 8000))
