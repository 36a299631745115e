"""`app.py`: what is declared on a `Zenith()` joins what the folders declare."""

from __future__ import annotations

from collections.abc import Iterable

from zenith_server.declared import Declarations, declared_in
from zenith_server.draft import Draft
from zenith_server.manifest import Convention
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
            declared_in(file, module).add_to(draft)
