"""The databases are made when all is declared, and models have the session of the request."""

from __future__ import annotations

import sys
from typing import Any

from zenith_server.draft import Draft
from zenith_server.markers import DB
from zenith_server.plugin import Plugin


class Models(Plugin):
    """Opens the request's session before each handler, if the project has models on `Model`.

    An unused session costs next to nothing. `Model` is in `sys.modules` only if somebody uses it.
    """

    name = "models"
    after = ("database", "app")

    def setup(self, draft: Draft) -> None:
        """Refuse databases that cannot be used, and add the guard."""
        databases = draft.shared("zenith_server.database.databases.Databases")
        for name in databases.wanted:
            databases.get(name)
        module = sys.modules.get("zenith_server.database.model")
        if module is not None and module.is_used_in(str(draft.settings.root)):
            draft.guard(session_of_request)


async def session_of_request(session: Any = DB) -> None:
    """Have a session; its provider tells the models of it."""
