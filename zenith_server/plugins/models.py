"""Models that use the request's session by themselves: every request has one then."""

from __future__ import annotations

import sys
from typing import Any

from zenith_server.draft import Draft
from zenith_server.markers import DB
from zenith_server.plugin import Plugin


class Models(Plugin):
    """Opens the request's session before each handler, if the project has models on `Model`.

    An unused session costs two attributes. `Model` is only in `sys.modules` if somebody uses it.
    """

    name = "models"
    after = ("database", "app")

    def setup(self, draft: Draft) -> None:
        """Add the guard."""
        module = sys.modules.get("zenith_server.database.model")
        if module is not None and module.is_used_in(str(draft.settings.root)):
            draft.guard(session_of_request)


async def session_of_request(session: Any = DB) -> None:
    """Have a session; its provider tells the models of it."""
