"""Zenith Server with the whole production preset, its access log written to the null device."""

from __future__ import annotations

import os
from typing import Any

from tests.benchmarks.contenders.zenith import FILES, project
from zenith_server.logs import configure
from zenith_server.settings.sections import Logging

CASES = ("json", "params", "struct", "model", "missing", "method")
SETTINGS = """
cors: {origins: ['https://a.example']}
security: {allowed_hosts: [localhost]}
metrics: {token: for-the-scraper}
"""


def make(_routes: int = 0) -> Any:
    """Return the app."""
    app = project(FILES, SETTINGS, "production")
    configure(Logging(level="info", format="json"), os.open(os.devnull, os.O_WRONLY))
    return app
