from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from zenith_server.settings.reference import MARK, tables
from zenith_server.settings.value import KEYS

PAGE = Path(__file__).resolve().parents[2] / "docs/reference/settings.md"


def test_the_page_has_the_settings_and_layers_of_today() -> None:
    assert PAGE.read_text("utf-8").partition(MARK)[2].strip() == tables().strip()


def test_every_setting_is_documented_with_its_variables() -> None:
    for key in KEYS.values():
        [row] = [line for line in tables().splitlines() if f"| `{key.name}` |" in line]
        assert all(f"`{variable}`" in row for variable in key.variables)
        assert key.description.endswith(".")


def test_the_page_is_written_anew_below_its_mark(tmp_path: Path) -> None:
    page = tmp_path / "settings.md"
    page.write_text(f"# Ours\n\n{MARK}old\n")
    command = [sys.executable, "-m", "zenith_server.settings.reference", page]
    subprocess.run(command, check=True)
    assert page.read_text() == f"# Ours\n\n{MARK}\n{tables()}"
