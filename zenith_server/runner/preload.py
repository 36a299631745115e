"""Which libraries the fork server imports, so that no worker has to."""

from __future__ import annotations

import sys
from collections.abc import Iterable

from zenith_server.runner import engines, loops
from zenith_server.runner.program import Program
from zenith_server.settings import Settings

_DATABASE = ("zenith_server.database.configured", "zenith_server.database.session")
_MIGRATIONS = ("alembic.runtime.migration",)
# Known to do nothing at import but define things: no threads, no connections, no look at the
# environment that a project's .env could change.
_FORKABLE = frozenset(
    [
        "aioquic",
        "aiosqlite",
        "alembic",
        "annotated_types",
        "anyio",
        "argon2",
        "asyncpg",
        "dotenv",
        "granian",
        "greenlet",
        "h11",
        "h2",
        "hpack",
        "httpx2",
        "hypercorn",
        "hyperframe",
        "idna",
        "jinja2",
        "jwt",
        "mako",
        "markupsafe",
        "msgspec",
        "multipart",
        "priority",
        "pwdlib",
        "pydantic",
        "pydantic_core",
        "pylsqpack",
        "python_multipart",
        "sniffio",
        "sqlalchemy",
        "starlette",
        "typing_extensions",
        "typing_inspection",
        "uvloop",
        "wsproto",
        "yaml",
        "zenith_server",
    ]
)

ERROR_PAGE = ("zenith_server.error_page.page", "zenith_server.error_page.wanted")
"""What shows why a project does not start; loaded when the project serves, while nobody waits."""


def first_libraries(settings: Settings, program: Program) -> list[str]:
    """Return what any worker of this project is going to need, before one has been seen."""
    models, migrations = ((settings.root / name).is_dir() for name in ("models", "migrations"))
    data = models or migrations or settings.database.url
    boot = program.boot.partition(":")[0]
    engine = engines.module_of(engines.choose(settings))
    wanted = ["zenith_server.runner.libraries", boot, engine, loops.choose(settings)]
    return [*wanted, *(_DATABASE if data else ()), *(_MIGRATIONS if migrations else ())]


def forkable(modules: Iterable[str]) -> list[str]:
    """Return those of a worker's modules that may be imported before the fork.

    Example:
        >>> forkable(["starlette.routing", "a_library_that_starts_threads", "decimal"])
        ['starlette.routing', 'decimal']
    """
    known = _FORKABLE | sys.stdlib_module_names
    return [module for module in modules if module.partition(".")[0] in known]
