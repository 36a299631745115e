"""`python -m tests.runner FOLDER '{"workers": 2}'` serves a folder.

The options are read again for each reload, from `settings.yaml` in the folder where there is one.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from tests.runner.program import BOOT, settings_from
from zenith_server.runner.banner import Report
from zenith_server.runner.program import Limits
from zenith_server.runner.serve import serve
from zenith_server.settings import Settings


def main(folder: str, given: str) -> int:
    """Serve a folder."""
    root = Path(folder)
    options: dict[str, Any] = json.loads(given)
    limits = {name: value for name, value in options.items() if name in Limits.__struct_fields__}

    def read_settings() -> Settings:
        file = root / "settings.yaml"
        changed = json.loads(file.read_text()) if file.exists() else {}
        return settings_from(root, {**options, **changed})

    return serve(
        read_settings,
        report=Report(person=bool(options.get("person"))),
        program=BOOT,
        limits=Limits(**limits),
        started=time.monotonic(),
    )


sys.exit(main(*sys.argv[1:]))
