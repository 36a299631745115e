"""`services/`: classes that handlers and other services take by their type."""

from __future__ import annotations

import dataclasses
import inspect
import linecache
import re
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Any

from zenith_server.draft import Draft
from zenith_server.handlers.schema import is_struct
from zenith_server.manifest import Convention
from zenith_server.plan import Origin
from zenith_server.plugin import Plugin
from zenith_server.service import Service


class Services(Plugin):
    """Registers every public class that a file of `services/` defines.

    Exceptions, enums, abstract classes, protocols, structs and pydantic models are left alone:
    they are what services talk about. Deriving from `Service` makes any class one.
    """

    name = "services"

    def conventions(self) -> Iterable[Convention]:
        """Return the files under `services/`."""
        return (Convention("service", "services", meaning="classes, injected by type"),)

    def setup(self, draft: Draft) -> None:
        """Add a service for each class."""
        for file, module in draft.modules("service"):
            for name, value in vars(module).items():
                is_own = inspect.isclass(value) and value.__module__ == module.__name__
                if is_own and not name.startswith("_") and not _is_value(value):
                    draft.service(
                        value,
                        Origin(file.relative, _line(value, draft.manifest.root / file.relative)),
                    )


def _is_value(cls: type[Any]) -> bool:
    """Whether nobody would call it a service: an exception, a constant, a record, an interface."""
    if issubclass(cls, Service):
        return False
    is_record = is_struct(cls) and not dataclasses.is_dataclass(cls)
    is_interface = inspect.isabstract(cls) or getattr(cls, "_is_protocol", False)
    return is_record or is_interface or issubclass(cls, BaseException | Enum | tuple)


def _line(cls: type, file: Path) -> int:
    """The line of a class; `inspect` would parse the whole file for it."""
    wanted = re.compile(rf"\s*class\s+{re.escape(cls.__name__)}\b")
    linecache.checkcache(str(file))
    lines = linecache.getlines(str(file))
    return next((number for number, line in enumerate(lines, 1) if wanted.match(line)), 0)
