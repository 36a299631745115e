"""The text of a new revision, laid out as a formatter would and the same every time."""

from __future__ import annotations

import ast
import io
import re
import textwrap
import tokenize
from collections.abc import Iterator
from string import Template

from zenith_server.database.migrations.difference import Difference

WIDTH = 88
_REVISION = Template('''\
"""$message."""

${imports}revision = "$id"
down_revision$kind = $down
$replaces

def upgrade() -> None:
$upgrade


def downgrade() -> None:
$downgrade
''')


def slug(message: str) -> str:
    """Return a message as part of a file's name.

    Example:
        >>> slug("Add tags & co.")
        'add_tags_co'
    """
    return re.sub(r"[^a-z0-9]+", "_", message.lower()).strip("_")[:60].rstrip("_")


def revision_text(
    number: str,
    down: tuple[str, ...],
    message: str,
    change: Difference | None,
    replaces: tuple[str, ...] = (),
) -> str:
    """Return the text of a revision file.

    Args:
        number: the revision's number, such as `0002`.
        down: the numbers that it follows: none for the first, several for a merge.
        message: what it does, in a few words.
        change: what it does, in code; nothing for an empty revision.
        replaces: the numbers of those that were squashed into it.
    """
    upgrade = layout(change.upgrade) if change else "    pass"
    downgrade = layout(change.downgrade) if change else "    pass"
    return _REVISION.substitute(
        message=message.strip().rstrip(".").replace("\\", "\\\\").replace('"', "'"),
        imports=_imports(upgrade + downgrade, change),
        id=number,
        down=_followed(down),
        kind="" if down else ": str | None",
        replaces=_replaces(replaces),
        upgrade=upgrade,
        downgrade=downgrade,
    )


def _followed(down: tuple[str, ...]) -> str:
    quoted = [f'"{each}"' for each in down]
    return f"({', '.join(quoted)})" if len(quoted) > 1 else next(iter(quoted), "None")


def _replaces(ids: tuple[str, ...]) -> str:
    if not ids:
        return ""
    lines = "".join(f'    "{each}",\n' for each in ids)
    why = "# A database at one of these has to be migrated by the code that still has them."
    return f"{why}\nreplaces = (\n{lines})\n"


def _imports(code: str, change: Difference | None) -> str:
    given = change.imports if change else ()
    lines = [
        *(["import sqlalchemy as sa"] if re.search(r"\bsa\.", code) else []),
        *(["from alembic import op"] if re.search(r"\bop\.", code) else []),
        *(line for line in given if line.startswith("from sqlalchemy")),
    ]
    own = [line for line in given if line.startswith("import ")]
    blocks = ["\n".join(block) for block in (lines, own) if block]
    return "\n\n".join(blocks) + "\n\n" if blocks else ""


def layout(code: str) -> str:
    """Return the statements of a function's body, indented, wrapped and in double quotes."""
    statements = ast.parse(textwrap.dedent(code)).body
    lines = [line for statement in statements for line in _statement(statement, 4)]
    return _double_quotes("\n".join(lines))


def _statement(statement: ast.stmt, indent: int) -> Iterator[str]:
    match statement:
        case ast.With(items=[ast.withitem(ast.Call() as call, ast.Name(id=name))], body=body):
            yield f"{' ' * indent}with {ast.unparse(call)} as {name}:"
            for inner in body:
                yield from _statement(inner, indent + 4)
        case ast.Expr(value=value):
            yield from _expression(value, indent)
        case _:
            yield textwrap.indent(ast.unparse(statement), " " * indent)


def _expression(node: ast.expr, indent: int, name: str = "", comma: str = "") -> Iterator[str]:
    """One line if it fits, else a line for each argument."""
    space = " " * indent
    line = f"{space}{name}{ast.unparse(node)}{comma}"
    if len(line) <= WIDTH or not isinstance(node, ast.Call) or not (node.args or node.keywords):
        yield line
        return
    yield f"{space}{name}{ast.unparse(node.func)}("
    for argument in node.args:
        yield from _expression(argument, indent + 4, comma=",")
    for keyword in node.keywords:
        yield from _expression(keyword.value, indent + 4, f"{keyword.arg}=", ",")
    yield f"{space}){comma}"


def _double_quotes(code: str) -> str:
    """Swap single quotes for double ones, where that needs no escapes."""
    lines = code.splitlines(keepends=True)
    tokens = list(tokenize.generate_tokens(io.StringIO(f"if 1:\n{code}\n").readline))
    for token in reversed(tokens):
        if token.type == tokenize.STRING and re.fullmatch(r"'[^'\"\\]*'", token.string):
            row, start, end = token.start[0] - 2, token.start[1], token.end[1]
            swapped = f'"{token.string[1:-1]}"'
            lines[row] = lines[row][:start] + swapped + lines[row][end:]
    return "".join(lines)
