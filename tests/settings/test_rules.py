from __future__ import annotations

import pytest

from tests.settings.conftest import FaultFinder, Reader

STRONG = "9xKf2-QmT7vLwZ3bN8cR5hYpJ4sD6gAa_Ue1"


def test_credentials_are_refused_for_any_origin(faults: FaultFinder) -> None:
    text = "cors:\n  origins: '*'\n  credentials: true\n"
    [fault] = faults({"zenith.yaml": text})
    assert fault.what == 'cors.origins is "*" while cors.credentials is true'
    assert fault.where == ("zenith.yaml:2", "zenith.yaml:3")


def test_credentials_are_fine_for_a_listed_origin(read: Reader) -> None:
    text = "cors: {origins: 'https://a.example', credentials: true}"
    assert read({"zenith.yaml": text}).cors.credentials


@pytest.mark.parametrize(
    "key",
    ["short", "changeme" * 8, "Change-Me!" * 4, "a" * 64, "abc" * 20, f"insecure-{STRONG}"],
)
def test_a_weak_key_is_refused_in_production(faults: FaultFinder, key: str) -> None:
    [fault] = faults(environ={"SECRET_KEY": key}, environment="production")
    assert fault.what == "security.secret_key is too weak for production"
    assert key not in str(fault)
    assert "secrets.token_urlsafe(48)" in fault.fixes[0]


def test_a_weak_key_is_fine_in_development(read: Reader) -> None:
    assert read(environ={"SECRET_KEY": "short"}).security.secret_key == "short"


def test_a_strong_key_is_fine_in_production(read: Reader) -> None:
    settings = read(environ={"SECRET_KEY": STRONG}, environment="production")
    assert settings.security.secret_key == STRONG


def test_production_for_any_host_is_a_warning(read: Reader) -> None:
    [warning] = read(environment="production").warnings
    assert "ALLOWED_HOSTS" in warning.fixes[0]


def test_production_for_its_own_hosts_has_no_warning(read: Reader) -> None:
    assert read(environ={"ALLOWED_HOSTS": "a.example"}, environment="production").warnings == ()


def test_a_version_is_deprecated_before_it_ends(faults: FaultFinder) -> None:
    text = "versions:\n  v1:\n    deprecated: 2027-01-01\n    sunset: 2026-01-01\n"
    [fault] = faults({"zenith.yaml": text})
    assert fault.what == "v1 ends on 2026-01-01, before it is deprecated on 2027-01-01"
    assert fault.where == ("zenith.yaml:3", "zenith.yaml:4")
