"""Text in SQL, taken apart into its statements without understanding them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_STRING = r"[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'"
# MySQL takes a backslash for an escape in any string, and # for a comment.
_MYSQL = r"'(?:[^'\\]|\\.|'')*'|\"(?:[^\"\\]|\\.|\"\")*\""
_TOKENS = r"""
    (?P<comment>--[^\n]*{comment})
    | (?P<block>/\*)
    | (?P<quoted>{string}|"(?:[^"]|"")*"|`[^`]*`)
    | (?P<dollar>\$(?:[^\W\d]\w*)?\$)
    | (?P<word>[^\W\d][\w$]*)
    | (?P<end>;)
    | (?P<open>['"`])
    | (?P<space>\s+)
    | (?P<other>.)
"""
_EDGE = re.compile(r"/\*|\*/")
_BODY = re.compile(
    r"create\s+(?:or\s+replace\s+)?(?:definer\s*=\s*\S+\s+)?(?:temp\s+|temporary\s+|constraint\s+)?"
    r"(?:trigger|procedure|function|event)\b",
    re.IGNORECASE,
)


class Unfinished(ValueError):
    """A quote or a comment that has no end.

    Args:
        what: what it is.
        line: where it begins.
    """

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what)
        self.what = what
        self.line = line


@dataclass(frozen=True, slots=True)
class Piece:
    """A comment, a statement or the end of the text.

    Args:
        kind: which of them.
        text: the statement without its semicolon, or the comment without its dashes.
        line: where it begins, counted from 1.
    """

    kind: str
    text: str
    line: int


def pieces(text: str, dialect: str) -> Iterator[Piece]:
    """Take a text apart into statements and the comments that stand between them.

    Semicolons in strings, names in quotes, comments, bodies in dollars, and between the BEGIN and
    END of a trigger or a procedure do not end a statement.

    Args:
        text: the text.
        dialect: its database: postgresql, mysql or sqlite.

    Raises:
        Unfinished: a quote or a comment has no end.

    Example:
        >>> [piece.text for piece in pieces("SELECT 'a;b'; -- c", "sqlite")]
        ["SELECT 'a;b'", 'c']
    """
    statement = _Statement(text)
    for kind, start, end in _tokens(text, dialect):
        if kind in ("comment", "block", "space") and statement.start is None:
            if kind == "comment":
                yield Piece("comment", text[start:end].lstrip("-# \t").rstrip(), _line(text, start))
        elif kind == "end" and statement.depth <= 0:
            yield from statement.taken(start)
        else:
            statement.take(kind, start, end)
    yield from statement.taken(len(text))


@dataclass(slots=True)
class _Statement:
    """The statement that is being read: where it began, and how deep in BEGIN … END it is."""

    text: str
    start: int | None = None
    depth: int = 0
    before: str = ""

    def take(self, kind: str, start: int, end: int) -> None:
        if self.start is None:
            self.start = start
        if kind == "word":
            self._count(self.text[start:end].lower(), start)
        elif kind == "end":
            self.before = ""

    def _count(self, word: str, at: int) -> None:
        before, self.before = self.before, word
        if word not in ("begin", "case", "end", "if", "loop", "while", "repeat"):
            return
        if not _BODY.match(self.text, self.start or 0, at):
            return
        if before == "end" and word != "end":
            # END IF closes an IF, which was not counted; END CASE closes a CASE, which was.
            self.depth += word not in ("begin", "case")
        elif word in ("begin", "case", "end"):
            self.depth += -1 if word == "end" else 1

    def taken(self, end: int) -> Iterator[Piece]:
        if self.start is not None:
            found = self.text[self.start : end].strip()
            yield Piece("statement", found, _line(self.text, self.start))
        self.start, self.depth, self.before = None, 0, ""


def _tokens(text: str, dialect: str) -> Iterator[tuple[str, int, int]]:
    is_mysql = dialect == "mysql"
    pattern = re.compile(
        _TOKENS.format(
            comment=r"|\#[^\n]*" if is_mysql else "", string=_MYSQL if is_mysql else _STRING
        ),
        re.VERBOSE | re.DOTALL,
    )
    at = 0
    while found := pattern.match(text, at):
        kind, start = found.lastgroup or "other", found.start()
        match kind:
            case "block":
                at = _end_of_block(text, start)
            case "dollar" if dialect == "postgresql":
                at = _end_of_dollar(text, start, found[0])
            case "open":
                raise Unfinished(f"A quote ({found[0]})", _line(text, start))
            case _:
                at = found.end()
        yield kind, start, at


def _end_of_block(text: str, start: int) -> int:
    """Return where a comment ends; PostgreSQL lets them stand in each other."""
    depth, at = 1, start + 2
    while edge := _EDGE.search(text, at):
        depth, at = depth + (1 if edge[0] == "/*" else -1), edge.end()
        if depth == 0:
            return at
    raise Unfinished("A comment (/*)", _line(text, start))


def _end_of_dollar(text: str, start: int, tag: str) -> int:
    end = text.find(tag, start + len(tag))
    if end < 0:
        raise Unfinished(f"A body in dollars ({tag})", _line(text, start))
    return end + len(tag)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1
