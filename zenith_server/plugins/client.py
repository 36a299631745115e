"""`zenith-server client`: a typed client of the API, made by a generator from its description."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from zenith_server.errors import Fault, ProjectError
from zenith_server.manifest import Manifest
from zenith_server.plan import Plan
from zenith_server.plugin import Command, Plugin
from zenith_server.settings import Settings

Language = Literal["typescript", "python"]
RECORD = "openapi.json"
"""The document that a client was made from; it lies beside it."""
TYPESCRIPT = """\
import createClient, { type ClientOptions } from "openapi-fetch";

import type { paths } from "./schema.js";

export const client = (options?: ClientOptions) => createClient<paths>(options);
"""


class Client(Plugin):
    """Hands the description of the API to openapi-typescript, or to openapi-python-client."""

    name = "client"

    def commands(self) -> Iterable[Command]:
        """Return `client`, which serves nothing."""
        return (Command("client", client),)


def client(
    language: Language,
    /,
    *,
    output: Path,
    api_version: str = "",
    settings: Settings,
    manifest: Manifest,
    plan: Plan,
) -> str:
    """Write a typed client of the API.

    Args:
        language: What it is written in.
        output: The folder that it is written to; a client that is there is written anew.
        api_version: A client of one version of the API, such as v2.
        settings: The project's settings.
        manifest: The project's files.
        plan: What the project serves.
    """
    write = _WRITERS[language]
    generator = generator_of(language, settings.root)
    if output.exists() and (output.is_file() or (any(output.iterdir()) and not _is_ours(output))):
        raise ProjectError(_occupied(output))
    from zenith_server.openapi.documents import document_of

    document = document_of(settings, manifest, plan, api_version)
    output.mkdir(parents=True, exist_ok=True)
    record = output / RECORD
    record.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    write(generator, record)
    return f"Written to {output}"


def generator_of(language: Language, root: Path) -> str:
    """Return the program that makes clients in a language.

    Args:
        language: what the client is written in.
        root: the project; `node_modules` is looked for there, here, and in the folders above.

    Raises:
        ProjectError: it is not installed.
    """
    if language == "python":
        beside = Path(sys.executable).with_name("openapi-python-client")
        found = str(beside) if beside.is_file() else shutil.which("openapi-python-client")
    else:
        tops = [folder for top in (Path.cwd(), root.resolve()) for folder in (top, *top.parents)]
        bins = [str(top / "node_modules/.bin") for top in tops]
        search = os.pathsep.join([*bins, os.environ.get("PATH", "")])
        found = shutil.which("openapi-typescript", path=search)
    if found is None:
        raise ProjectError(_missing(language))
    return found


def _python(generator: str, record: Path) -> None:
    given = ("--path", str(record), "--output-path", str(record.parent))
    _run([generator, "generate", *given, "--meta", "none", "--overwrite"])


def _typescript(generator: str, record: Path) -> None:
    _run([generator, str(record), "--output", str(record.with_name("schema.d.ts"))])
    record.with_name("client.ts").write_text(TYPESCRIPT, encoding="utf-8")


_WRITERS: dict[Language, Callable[[str, Path], None]] = {
    "typescript": _typescript,
    "python": _python,
}


def _run(command: list[str]) -> None:
    # The generator formats what it wrote with the ruff that is installed beside us.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    done = subprocess.run(  # noqa: S603 - our own list
        command, env={**os.environ, "PATH": path}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ProjectError(_failed(command[0], f"{done.stdout}\n{done.stderr}".strip()))


def _is_ours(folder: Path) -> bool:
    return (folder / RECORD).is_file()


def _missing(language: Language) -> Fault:
    name, install = {
        "python": ("openapi-python-client", 'pip install "zenith-server[client]"'),
        "typescript": (
            "openapi-typescript",
            "npm install openapi-fetch openapi-typescript typescript@5",
        ),
    }[language]
    return Fault(
        f"A client in {language} is made by {name}, which is not installed",
        ("PATH",) if language == "python" else ("node_modules/.bin", "PATH"),
        "A generator that many people keep well is better than one that only we have.",
        (f"Install it: {install}", "Or hand `zenith-server openapi` to another generator."),
    )


def _occupied(output: Path) -> Fault:
    return Fault(
        f"{output} has something else in it",
        (str(output),),
        f"The files of a client are written anew each time; a client that is ours has {RECORD}.",
        ("Name another folder, or empty this one.",),
    )


def _failed(generator: str, said: str) -> Fault:
    return Fault(
        f"{Path(generator).name} failed",
        (generator,),
        said or "It said nothing.",
        ("See what it says of the document: zenith-server openapi.",),
    )
