"""The files in deploy/ are what their tools and our own defaults say they should be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from zenith_server.settings.sections import Server

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
MANIFESTS = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text()))


def pod() -> dict[str, Any]:
    [deployment] = [document for document in MANIFESTS if document["kind"] == "Deployment"]
    return deployment["spec"]["template"]["spec"]


def test_hadolint_finds_nothing_in_the_dockerfile() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    if not hadolint.exists():
        pytest.skip("hadolint is not installed (no wheel for this platform)")
    done = subprocess.run([hadolint, DEPLOY / "Dockerfile"], capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"")


@pytest.mark.parametrize("manifest", MANIFESTS, ids=lambda manifest: manifest["kind"])
def test_kubernetes_knows_every_field_of(manifest: dict[str, Any]) -> None:
    kubernetes = pytest.importorskip("kubernetes_validate")
    assert kubernetes.validate(manifest, kubernetes.latest_version(), strict=True)


def test_each_probe_asks_its_own_health_url() -> None:
    [container] = pod()["containers"]
    urls = {kind: container[f"{kind}Probe"]["httpGet"]["path"] for kind in PROBES}
    assert urls == PROBES


PROBES = {"startup": "/health/startup", "liveness": "/health/live", "readiness": "/health/ready"}


def test_every_platform_waits_longer_than_a_drain_takes() -> None:
    drain = Server().lame_duck + Server().grace
    compose = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]["app"]
    assert pod()["terminationGracePeriodSeconds"] > drain
    assert float(compose["stop_grace_period"].removesuffix("s")) > drain
    [unit] = [line for line in unit_lines() if line.startswith("TimeoutStopSec=")]
    assert float(unit.partition("=")[2]) > drain


def unit_lines() -> list[str]:
    return (DEPLOY / "zenith-server.service").read_text().splitlines()


def test_no_secret_has_a_default() -> None:
    services = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    secrets = [services["app"]["environment"]["SECRET_KEY"]]
    secrets.append(services["database"]["environment"]["POSTGRES_PASSWORD"])
    assert all(":?" in secret for secret in secrets)
