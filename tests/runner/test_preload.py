from __future__ import annotations

from pathlib import Path

from tests.runner.program import BOOT, settings_from
from zenith_server.runner.preload import first_libraries, forkable


def test_only_libraries_that_do_nothing_at_import_are_loaded_before_the_fork() -> None:
    modules = ["starlette.routing", "a_library_that_starts_threads", "decimal", "sqlalchemy.orm"]
    assert forkable(modules) == ["starlette.routing", "decimal", "sqlalchemy.orm"]


def test_database_libraries_are_loaded_for_projects_with_models_or_migrations(
    tmp_path: Path,
) -> None:
    settings = settings_from(tmp_path, {})
    assert "zenith_server.database.session" not in first_libraries(settings, BOOT)
    (tmp_path / "models").mkdir()
    assert "zenith_server.database.session" in first_libraries(settings, BOOT)


def test_the_engine_and_the_boot_are_loaded_first(tmp_path: Path) -> None:
    libraries = first_libraries(settings_from(tmp_path, {"engine": "granian"}), BOOT)
    assert "zenith_server.runner.engines.granian" in libraries
    assert "tests.runner.program" in libraries
