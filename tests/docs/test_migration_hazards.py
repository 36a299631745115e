from __future__ import annotations

from pathlib import Path

import pytest

from zenith_server.database.migrations.hazards import ANYWHERE, MYSQL, POSTGRESQL, Hazard

PAGE = Path(__file__).parents[2] / "docs/reference/migration-hazards.md"
NAMES = {"table": "users", "name": "email"}
ALL = [*ANYWHERE.items(), *POSTGRESQL.items(), *MYSQL.items()]


@pytest.mark.parametrize(("kind", "hazard"), ALL)
def test_the_page_has_each_hazard_with_its_recipe(kind: str, hazard: Hazard) -> None:
    page = PAGE.read_text()
    assert f"\n### {kind}\n" in page
    for recipe in hazard.recipe:
        assert f"\n- {recipe.format_map(NAMES)}\n" in page
