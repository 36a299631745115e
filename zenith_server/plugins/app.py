"""`app.py`: what is declared on a `Zenith()` joins what the folders declare."""

from __future__ import annotations

from collections.abc import Iterable

from zenith_server.declared import Declarations
from zenith_server.draft import Draft
from zenith_server.errors import Fault
from zenith_server.manifest import Convention, ProjectFile
from zenith_server.plugin import Plugin


class App(Plugin):
    """Adds the declarations of the `Zenith` object in `app.py`.

    Args:
        declared: the object to take in place of that one.
    """

    name = "app"

    def __init__(self, declared: Declarations | None = None) -> None:
        self.declared = declared

    def conventions(self) -> Iterable[Convention]:
        """Return `app.py`."""
        return (Convention("app", "", "app.py", deep=False, meaning="declarations in code"),)

    def setup(self, draft: Draft) -> None:
        """Add what the object in `app.py` collected."""
        if self.declared is not None:
            self.declared.add_to(draft)
            return
        for file, module in draft.modules("app"):
            values = vars(module).values()
            found = {id(value): value for value in values if isinstance(value, Declarations)}
            if len(found) == 1:
                next(iter(found.values())).add_to(draft)
            else:
                draft.faults.append(_not_one(file, len(found)))


def _not_one(file: ProjectFile, number: int) -> Fault:
    return Fault(
        f"{file.relative} has {number or 'no'} Zenith objects",
        (file.relative,),
        "The file is read for the one object on which routes and hooks are declared.",
        (
            "Keep one; a Router holds what belongs together, and include_router adds it."
            if number
            else "Write: from zenith_server import Zenith; app = Zenith()",
        ),
    )
