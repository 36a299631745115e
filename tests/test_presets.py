from __future__ import annotations

import re
from pathlib import Path

import pytest

from zenith_server.environment import ENVIRONMENTS
from zenith_server.errors import ProjectError
from zenith_server.presets import PRESETS, layers_of

PAGE = Path(__file__).resolve().parents[1] / "docs/reference/layers.md"


def test_the_page_has_each_layer_in_its_order_with_its_environments() -> None:
    documented = re.findall(r"^## (\w+)\n\nOn in: ([\w, ]+)\.", PAGE.read_text(), re.MULTILINE)
    table = [(preset.layer, ", ".join(preset.environments) or "none") for preset in PRESETS]
    assert documented == table


def test_layers_come_in_the_order_of_the_table() -> None:
    table = [preset.layer for preset in PRESETS]
    for environment in ENVIRONMENTS:
        layers = layers_of(environment, {})
        assert list(layers) == sorted(layers, key=table.index)


def test_each_layer_stands_in_the_table_once_with_its_reason() -> None:
    assert len({preset.layer for preset in PRESETS}) == len(PRESETS)
    assert all(preset.reason for preset in PRESETS)


def test_production_checks_hosts_and_development_does_not() -> None:
    assert "hosts" in layers_of("production", {})
    assert "hosts" not in layers_of("development", {})


def test_an_override_switches_a_layer_off() -> None:
    assert "compression" not in layers_of("production", {"compression": False})


def test_an_override_switches_a_layer_on_in_its_place() -> None:
    layers = layers_of("production", {"https_redirect": True})
    assert layers.index("hosts") < layers.index("https_redirect") < layers.index("cors")


def test_every_misspelt_layer_is_reported_with_the_one_that_was_meant() -> None:
    with pytest.raises(ProjectError) as caught:
        layers_of("production", {"compresion": False, "corse": True})
    first, second = caught.value.faults
    assert first.what == 'There is no layer "compresion". Did you mean "compression"?'
    assert second.what == 'There is no layer "corse". Did you mean "cors"?'


def test_an_override_may_name_a_layer_of_a_plugin() -> None:
    assert layers_of("test", {"tenants": False}, others=["tenants"]) == layers_of("test", {})
