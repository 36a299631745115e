"""Zenith Server, without layers."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from zenith_server.asgi import create_app
from zenith_server.environment import EnvironmentName
from zenith_server.presets import PRESETS

CASES = ("json", "params", "struct", "model", "missing", "method", "session")
OFF = "layers: {" + ", ".join(f"{preset.layer}: false" for preset in PRESETS) + "}\n"
FILES = {
    "routes/json.py": "async def get():\n    return {'message': 'Hello, world!'}\n",
    "routes/items/[id].py": (
        "async def get(id: int, page: int = 1, q: str = ''):\n"
        "    return {'id': id, 'page': page, 'q': q}\n"
    ),
    "routes/structs.py": (
        "import msgspec\n\n"
        "class Item(msgspec.Struct):\n    name: str\n    price: float\n    tags: list[str]\n\n"
        "async def post(item: Item) -> Item:\n    return item\n"
    ),
    "routes/models.py": (
        "import pydantic\n\n"
        "class Item(pydantic.BaseModel):\n    name: str\n    price: float\n    tags: list[str]\n\n"
        "async def post(item: Item) -> Item:\n    return item\n"
    ),
}
# In a project of its own, because it loads SQLAlchemy.
SESSION = (
    "from zenith_server import DB\n\n"
    "async def get(session=DB):\n    return {'message': 'Hello, world!'}\n"
)
MANY = """
from zenith_server import Zenith
app = Zenith()
for number in range({routes}):
    @app.get(f"/static{{number}}")
    async def static():
        return {{"message": "Hello, world!"}}
    @app.get(f"/dynamic{{number}}/{{{{id}}}}")
    async def dynamic(id: int):
        return {{"id": id}}
"""


def make(routes: int = 0) -> Any:
    """Return the app."""
    if routes:
        return project({"app.py": MANY.format(routes=routes)}, OFF)
    return project(FILES, OFF)


def session() -> Any:
    """Return an app whose handler has a session that it does not use."""
    return project({"routes/session.py": SESSION}, OFF)


def project(files: dict[str, str], settings: str, environment: EnvironmentName = "test") -> Any:
    """Return the app of a folder with these files; modules are loaded, so that it may go."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in {**files, "zenith.yaml": settings}.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        return create_app(folder, env=environment)
