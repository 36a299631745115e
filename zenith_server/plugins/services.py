"""`services/`: classes that handlers and other services take by their type."""

from __future__ import annotations

import inspect
from collections.abc import Iterable

from zenith_server.draft import Draft
from zenith_server.manifest import Convention
from zenith_server.plan import Origin
from zenith_server.plugin import Plugin


class Services(Plugin):
    """Registers every public class that a file of `services/` defines."""

    name = "services"

    def conventions(self) -> Iterable[Convention]:
        """Return the files under `services/`."""
        return (Convention("service", "services", meaning="classes, injected by type"),)

    def setup(self, draft: Draft) -> None:
        """Add a service for each class."""
        for file, module in draft.modules("service"):
            for name, value in vars(module).items():
                is_own = inspect.isclass(value) and value.__module__ == module.__name__
                if is_own and not name.startswith("_"):
                    draft.service(value, Origin(file.relative, _line(value)))


def _line(cls: type) -> int:
    try:
        return inspect.getsourcelines(cls)[1]
    except (OSError, TypeError):
        return 0
