"""The projects that servers are started on and saved into, each once for us and once for FastAPI.

Each answers `/version` with a number that stands in one of its files.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ENVIRON = {
    "SECRET_KEY": "5f0c1d6a-bench-only-9be2-47aa-b1e2-a3c4d5e6f708",
    "DATABASE_URL": "sqlite:///data.sqlite3",
}
EXAMPLE = Path(__file__).resolve().parents[2] / "example_project"
OURS = "async def get() -> int:\n    return {version}\n"
FASTAPI = """\
from fastapi import APIRouter

router = APIRouter()


@router.get("/version")
async def version() -> int:
    return {version}
"""
MAIN = """\
from fastapi import FastAPI

{imports}

app = FastAPI()
{included}
"""
DATABASE = """\
from collections.abc import AsyncIterator

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from models import article, comment, user  # noqa: F401

engine = create_async_engine("sqlite+aiosqlite:///data.sqlite3")
Session = async_sessionmaker(engine)


async def session() -> AsyncIterator[AsyncSession]:
    async with Session() as opened:
        yield opened
"""
SCHEMAS = """\
from pydantic import BaseModel, Field


class Item{number}(BaseModel):
    title: str = Field(max_length=200)
    description: str
    tags: list[str] = []


class Changes{number}(BaseModel):
    title: str | None = None
    description: str | None = None
"""
ROUTER = """\
from typing import Annotated

from fastapi import APIRouter, Depends
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from database import session
from schemas.items{number} import Changes{number}, Item{number}

router = APIRouter(prefix="/items{number}")


@router.get("/{{slug}}")
async def get(slug: str, session: Annotated[AsyncSession, Depends(session)]) -> Item{number}:
    return Item{number}(title=slug, description=str(await session.scalar(text("SELECT 1"))))


@router.put("/{{slug}}")
async def put(slug: str, changes: Changes{number}) -> Item{number}:
    return Item{number}(title=slug, description=str(changes))
"""


@dataclass(frozen=True, slots=True)
class Project:
    """A folder, and the file in it whose save is timed."""

    folder: Path
    file: str
    text: str
    environ: Mapping[str, str] = field(default_factory=dict[str, str])

    def save(self, version: int) -> None:
        """Write the file so that `/version` answers this number from now on."""
        path = self.folder / self.file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.text.format(version=version), "utf-8")


def one_file(folder: Path) -> Project:
    """Return a project of ours with one route."""
    return _saved(Project(folder, "routes/version.py", OURS))


def one_fastapi_file(folder: Path) -> Project:
    """Return a FastAPI app in one file."""
    text = MAIN.format(imports="", included=FASTAPI.partition("\n\n\n")[2])
    return _saved(Project(folder, "main.py", text.replace("@router", "@app")))


def example(folder: Path) -> Project:
    """Return a copy of the example project, with one route more."""
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("__pycache__", "data"))
    return _saved(Project(folder, "routes/version.py", OURS, ENVIRON))


def fastapi_example(folder: Path) -> Project:
    """Return a FastAPI app of the size of the example project, with its very models."""
    shutil.copytree(EXAMPLE / "models", folder / "models")
    (folder / "database.py").write_text(DATABASE, "utf-8")
    numbers = range(len([*EXAMPLE.glob("routes/**/*.py")]) - 1)
    for part, text in (("schemas", SCHEMAS), ("routers", ROUTER)):
        (folder / part).mkdir()
        for number in numbers:
            file = folder / part / f"items{number}.py"
            file.write_text(text.format(number=number), "utf-8")
    names = ["version", *(f"items{number}" for number in numbers)]
    imports = "\n".join(f"from routers import {name}" for name in names)
    included = "\n".join(f"app.include_router({name}.router)" for name in names)
    (folder / "main.py").write_text(MAIN.format(imports=imports, included=included), "utf-8")
    return _saved(Project(folder, "routers/version.py", FASTAPI))


def many_files(folder: Path, number: int) -> Project:
    """Return a project of ours with so many route files besides that of the version."""
    for index in range(number):
        file = folder / "routes" / (f"fixed{index}.py" if index % 2 else f"items{index}/[id].py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text((QUERY if index % 2 else STRUCT).format(number=index), "utf-8")
    return one_file(folder)


QUERY = """\
async def get(page: int = 1, search{number}: str = "") -> dict[str, int]:
    return {{"page": page, "found": len(search{number})}}
"""
STRUCT = """\
import msgspec


class Item{number}(msgspec.Struct):
    name: str
    price: int = {number}


async def get(id: int) -> Item{number}:
    return Item{number}(str(id))


async def put(id: int, item: Item{number}) -> Item{number}:
    return item
"""


def _saved(project: Project) -> Project:
    project.save(0)
    return project
