"""A start loads what the project uses, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
START = """
import json, sys
before = {*sys.modules}
from zenith_server.asgi import create_app
create_app(sys.argv[1], env="production")
print(json.dumps(sorted({name.partition(".")[0] for name in {*sys.modules} - before})))
"""


def test_an_app_without_models_loads_no_sqlalchemy(
    project: Callable[[Mapping[str, str]], Path],
) -> None:
    folder = project({"routes/index.py": "async def get(page: int = 1): return page"})
    command = [sys.executable, "-c", START, str(folder)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    loaded: list[str] = json.loads(done.stdout)
    assert "zenith_server" in loaded
    assert {"sqlalchemy", "alembic", "pydantic"}.isdisjoint(loaded)
