"""The files with which plain Alembic goes on where Zenith Server stops."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template
from types import ModuleType

from sqlalchemy import MetaData

from zenith_server.database.migrations import environment, sql_file
from zenith_server.database.migrations.migrations import Migrations
from zenith_server.database.migrations.revisions import Revision
from zenith_server.errors import Fault, ProjectError

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Ejection:
    """What plain Alembic needs.

    Args:
        files: the texts of the new files.
        moved: revisions in SQL, which Alembic does not read, and where they are kept from now on;
            the same in Python is among the files.
        variable: the environment variable that will name the database.
        ini: the settings for Alembic's command.
    """

    files: Mapping[Path, str]
    moved: Mapping[Path, Path]
    variable: str
    ini: Path

    def write(self) -> None:
        """Write all of it.

        Raises:
            ProjectError: a file is there already; nothing was written then.
        """
        there = [each for each in (*self.files, *self.moved.values()) if each.exists()]
        if there:
            raise ProjectError(_there(there))
        for file, text in self.files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        for old, new in self.moved.items():
            new.parent.mkdir(exist_ok=True)
            old.rename(new)


def eject(migrations: Migrations, root: Path, modules: Sequence[ModuleType]) -> Ejection:
    """Return what plain Alembic needs; writes nothing.

    Args:
        migrations: the revisions; their `metadata` is what the models say.
        root: the project's folder.
        modules: the model files of this database, imported.

    Raises:
        ProjectError: the revisions are faulty.
    """
    database = migrations.database
    further = "" if database.name == "default" else f"_{database.name}"
    folder, ini = root / f"alembic_env{further}", root / f"alembic{further}.ini"
    variable = f"ZENITH_DATABASES__{database.name.upper()}__URL" if further else "DATABASE_URL"
    values = {
        "folder": folder.name,
        "versions": migrations.folder.relative_to(root).as_posix(),
        "imports": "\n".join(f"import {each.__name__}" for each in modules),
        "metadata": ", ".join(_expressions(modules, migrations.metadata)),
        "table": environment.version_table(database.name),
        "variable": variable,
        "default": _default(migrations, root),
    }
    in_sql = [each for each in migrations.history() if each.file.suffix == ".sql"]
    return Ejection(
        files={
            ini: _filled("alembic.ini", values),
            folder / "env.py": _filled("env.py.template", values),
            folder / "script.py.mako": _filled("script.py.mako", {}),
            **{_python(each): _text(each, database.url.backend) for each in in_sql},
        },
        moved={each.file: each.file.parent / "_sql" / each.file.name for each in in_sql},
        variable=variable,
        ini=ini,
    )


def _filled(name: str, values: Mapping[str, str]) -> str:
    text = (_TEMPLATES / name).read_text(encoding="utf-8")
    return Template(text).substitute(values) if values else text


def _default(migrations: Migrations, root: Path) -> str:
    """The database of development is no secret; any other URL may be one."""
    url = migrations.database.url
    is_ours = url.file is not None and url.origin.startswith("default of")
    return f'f"sqlite:///{{HERE}}/{url.file.relative_to(root)}"' if is_ours and url.file else '""'


def _expressions(modules: Iterable[ModuleType], metadata: Sequence[MetaData]) -> Iterable[str]:
    """Code that names each metadata by something in a model file that has it."""
    found: dict[int, str] = {}
    for module in modules:
        for name, value in vars(module).items():
            if isinstance(value, MetaData):
                found.setdefault(id(value), f"{module.__name__}.{name}")
            elif isinstance(each := getattr(value, "metadata", None), MetaData):
                found.setdefault(id(each), f"{module.__name__}.{name}.metadata")
    return [found[id(each)] for each in metadata]


def _python(revision: Revision) -> Path:
    return revision.file.with_suffix(".py")


def _text(revision: Revision, backend: str) -> str:
    """Return a revision in SQL as one in Python."""
    parsed = sql_file.parse(revision.file.read_text(encoding="utf-8"), backend)
    reviewed = f"reviewed = {revision.reviewed!r}\n" if revision.reviewed else ""
    return (
        f'"""{parsed.message or revision.name}."""\n\nfrom alembic import op\n\n'
        f"revision = {revision.id!r}\ndown_revision = {parsed.down!r}\n{reviewed}"
        f"\n\ndef upgrade() -> None:\n{_body(parsed, 'upgrade')}"
        f"\n\ndef downgrade() -> None:\n{_body(parsed, 'downgrade')}"
    )


def _body(parsed: sql_file.SqlFile, direction: str) -> str:
    if direction not in parsed.sections:
        return f'    raise NotImplementedError("There is no {direction}")\n'
    calls = [_call(piece.text) for piece in parsed.sections[direction]] or ["pass"]
    if parsed.in_transaction:
        return "".join(f"    {call}\n" for call in calls)
    lines = "".join(f"        {call}\n" for call in calls)
    return f"    with op.get_context().autocommit_block():\n{lines}"


def _call(statement: str) -> str:
    # Colons would be parameters otherwise.
    text = statement.replace(":", "\\:")
    is_plain = '"""' not in text and not text.endswith(('"', "\\"))
    return f'op.execute(r"""{text}""")' if is_plain else f"op.execute({text!r})"


def _there(files: Iterable[Path]) -> Fault:
    return Fault(
        "There are files already where those for Alembic would be",
        tuple(str(file) for file in files),
        "Nothing was written: what is there may be yours.",
        ("Move them, or delete them if they come from an earlier db eject.",),
    )
