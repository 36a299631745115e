from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands import Command
from tests.conftest import ZenithStarter
from tests.processes import REPOSITORY, Process

EXAMPLE = REPOSITORY / "example_project"
FILES = {
    "routes/v1/notes.py": "async def get() -> list[str]: return []",
    "routes/v2/notes.py": "async def get() -> dict[str, str]: return {}",
}
IN_TYPESCRIPT = """
import { client } from "./api/client.js";

const url: string = (globalThis as any).process.argv[2];
const api = client({ baseUrl: url });
const user = { username: "ann", email: "ann@example.com", password: "correct horse" };
const made = await api.POST("/api/users", { body: { user } });
if (made.error) throw new Error(JSON.stringify(made.error));
const name: string = made.data.user.username;
const { data, error } = await api.GET("/api/articles", { params: { query: { limit: 3 } } });
if (error) throw new Error(JSON.stringify(error));
const count: number = data.articlesCount;
console.log(name, count);
// @ts-expect-error - there is no such field
data.nothing;
// @ts-expect-error - there is no such URL
await api.GET("/api/nowhere");
"""
IN_PYTHON = """
import sys
from conduit import Client
from conduit.api.articles import list_articles
from conduit.api.users import create_user
from conduit.models import NewUser, UserBodyNewUser

client = Client(base_url=sys.argv[1])
articles = list_articles.sync(client=client, limit=3)
ann = NewUser(username="ann", email="ann@example.com", password="correct horse")
made = create_user.sync(client=client, body=UserBodyNewUser(user=ann))
print(type(articles).__name__, articles.articles_count, made.user.username)
"""


@pytest.fixture
def server(zenith: ZenithStarter, tmp_path: Path) -> Process:
    env = {"DATABASE_URL": f"sqlite:///{tmp_path}/conduit.db", "SECRET_KEY": "x9" * 20}
    return zenith(EXAMPLE, "--env", "test", "--engine", "hypercorn", env=env)


def made(language: str, output: Path, folder: Path) -> None:
    words = ("client", language, "--output", str(output), "--project", str(EXAMPLE))
    command = [sys.executable, "-m", "zenith_server", *words, "--env", "test"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=100)


@pytest.mark.timeout(120)
def test_a_client_in_python_asks_the_running_example(server: Process, tmp_path: Path) -> None:
    made("python", tmp_path / "conduit", tmp_path)
    command = [sys.executable, "-c", IN_PYTHON, server.url]
    env = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False
    )
    assert done.stdout == "ArticleList 0 ann\n", done.stderr


@pytest.mark.timeout(180)
def test_a_client_in_typescript_asks_the_running_example(server: Process, tmp_path: Path) -> None:
    install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefer-offline"]
    packages = ("openapi-typescript@7", "openapi-fetch@0.17", "typescript@5")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed")
    got = subprocess.run([*install, *packages], cwd=tmp_path, capture_output=True, check=False)
    if got.returncode:
        pytest.skip("npm cannot fetch openapi-typescript, openapi-fetch and typescript")
    made("typescript", tmp_path / "api", tmp_path)
    (tmp_path / "app.ts").write_text(IN_TYPESCRIPT)
    strict = ("--module", "nodenext", "--target", "es2022", "--strict", "--outDir", "out")
    compiled = subprocess.run(
        ["npx", "tsc", *strict, "app.ts"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert compiled.returncode == 0, compiled.stdout
    ran = subprocess.run(
        ["node", "out/app.js", server.url],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout == "ann 0\n", ran.stderr


def test_a_client_is_of_one_version_where_one_is_named(command: Command, tmp_path: Path) -> None:
    output = tmp_path / "notes"
    for version in ("v1", "v2"):  # the second replaces the first
        words = ("client", "python", "--output", str(output), "--api-version", version)
        assert command(*words, files=FILES).code == 0
        document = json.loads((output / "openapi.json").read_text())
        assert list(document["paths"]) == [f"/{version}/notes"]
    assert (output / "api/notes/get_notes.py").is_file()


def test_a_version_that_is_none_names_the_known_ones(command: Command, tmp_path: Path) -> None:
    words = ("client", "python", "--output", str(tmp_path / "c"), "--api-version", "v3")
    assert "There are: v1, v2." in command(*words, files=FILES).err
    assert not (tmp_path / "c").exists()


def test_a_folder_with_something_else_is_left_alone(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/precious.py").write_text("x = 1")
    ran = command("client", "python", "--output", str(tmp_path / "mine"), files=FILES)
    assert ran.code != 0
    assert "has something else in it" in ran.err
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["precious.py"]


@pytest.mark.parametrize(
    ("language", "install"),
    [
        ("python", 'pip install "zenith-server[client]"'),
        ("typescript", "npm install openapi-fetch"),
    ],
)
def test_a_missing_generator_is_told_with_how_to_get_it(
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    install: str,
) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin/python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    ran = command("client", language, "--output", str(tmp_path / "c"), files=FILES)
    assert ran.code != 0
    assert "which is not installed" in ran.err
    assert install in ran.err
    assert not (tmp_path / "c").exists()
