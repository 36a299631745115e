"""What statements in SQL change, told by a small list of patterns; the rest is called unknown."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

Kind = Literal[
    "create table",
    "rename table",
    "drop table",
    "required column",
    "filled column",
    "rename column",
    "drop column",
    "type",
    "not null",
    "index",
    "concurrent index",
    "unique",
    "foreign key",
    "check",
    "primary key",
    "exclude",
    "not valid",
    "validate",
    "validate at once",
    "drop primary key",
    "json",
    "enum value",
    "rename value",
    "rename schema",
    "drop schema",
    "domain",
    "lock",
    "rewrite",
    "reindex",
    "refresh",
    "vacuum",
    "truncate",
    "rows",
    "all rows",
    "backfill",
    "unknown",
]
Found = tuple[Kind, str, str]

_TABLE = r"(?P<table>[\w.]+)"
_NAME = r"(?P<name>[\w.]+)"
_EXISTS = r"(?:if (?:not )?exists )?"
_STATEMENTS: tuple[tuple[str, Kind | None], ...] = (
    (rf"create (?:temp |temporary |unlogged )?table {_EXISTS}{_TABLE}", "create table"),
    (
        rf"create (?:unique )?index concurrently {_EXISTS}(?:{_NAME} )?on (?:only )?{_TABLE}",
        "concurrent index",
    ),
    (rf"create (?:unique )?index {_EXISTS}(?:{_NAME} )?on (?:only )?{_TABLE}", "index"),
    (rf"drop index concurrently {_EXISTS}{_NAME}", "concurrent index"),
    (rf"drop table {_EXISTS}{_TABLE}", "drop table"),
    (rf"rename table {_TABLE} to {_NAME}", "rename table"),
    (r"$|select |with .*\bselect |insert |drop index |comment on |analyze |pragma ", None),
    (r"alter type \S+ add value ", "enum value"),
    (r"alter type \S+ rename value ", "rename value"),
    (rf"alter schema {_NAME} rename to ", "rename schema"),
    (rf"drop schema {_EXISTS}{_NAME}", "drop schema"),
    (rf"alter domain {_NAME} add (?!.*\bnot valid\b)", "domain"),
    (r"alter domain ", None),
    (rf"lock (?:table )?(?:only )?{_TABLE}", "lock"),
    (rf"vacuum (?:\([^)]*\bfull\b[^)]*\)|full)(?: (?:verbose |analyze )*{_TABLE})?", "rewrite"),
    (rf"cluster(?: verbose)?(?: {_TABLE})?", "rewrite"),
    (rf"vacuum(?: {_TABLE})?", "vacuum"),
    (rf"reindex (?:\([^)]*\) )?(?:table|index|schema|database) concurrently {_TABLE}", "vacuum"),
    (rf"reindex (?:\([^)]*\) )?(?:table|index|schema|database|system) {_TABLE}", "reindex"),
    (r"refresh materialized view concurrently ", None),
    (rf"refresh materialized view {_TABLE}", "refresh"),
    (rf"truncate (?:table )?(?:only )?{_TABLE}", "truncate"),
    (rf"(?:update|delete from) (?:only )?{_TABLE}\b(?!.*\bwhere\b)", "all rows"),
    (rf"(?:update|delete from) (?:only )?{_TABLE}", "rows"),
    (r"set |create type |drop type |create extension |create schema |create domain ", None),
    (r"create sequence |create (?:or replace )?(?:view|function|procedure|trigger) ", None),
)
_ALTER = re.compile(rf"alter table {_EXISTS}(?:only )?{_TABLE} (?P<clauses>.*)")
_COLUMN = rf"(?:column )?{_EXISTS}{_NAME}"
_CLAUSES: tuple[tuple[str, Kind | None], ...] = (
    (r"add .*\busing index\b", None),
    (rf"add (?:constraint {_NAME} )?.*\bnot valid\b", "not valid"),
    (rf"add (?:constraint {_NAME} )?foreign key", "foreign key"),
    (rf"add (?:constraint {_NAME} )?unique", "unique"),
    (rf"add (?:constraint {_NAME} )?check", "check"),
    (rf"add (?:constraint {_NAME} )?primary key", "primary key"),
    (rf"add (?:constraint {_NAME} )?exclude", "exclude"),
    (rf"add (?:unique )?(?:index|key) {_NAME}", "index"),
    (rf"validate constraint {_NAME}", "validate"),
    (rf"alter {_COLUMN} (?:set data )?type ", "type"),
    (rf"alter {_COLUMN} set not null", "not null"),
    (rf"alter {_COLUMN} (?:set|drop) ", None),
    (r"(?:drop|rename) constraint |rename (?:index|key) |drop (?:index|key) ", None),
    (rf"drop {_COLUMN}", "drop column"),
    (rf"rename to {_NAME}", "rename table"),
    (rf"rename {_COLUMN} to ", "rename column"),
    (rf"(?:modify|change) {_COLUMN} ", "type"),
)
_ADD = re.compile(rf"add {_COLUMN} (?P<rest>.*)")
_VOLATILE = re.compile(
    r"\bdefault (?!(?:now|current_\w+|localtimestamp)\b)\w+ ?\(|\bstored\b|serial\b"
)
# What stands in a statement and is none: comments, and the quotes around names.
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def changes(statement: str) -> Iterator[Found]:
    """Return kind, table and name of what a statement changes; nothing for what is harmless."""
    plain = re.sub(r'["`]', "", _COMMENT.sub(" ", statement)).strip(" \n\t;")
    text = " ".join(plain.split())
    lower = text.lower()
    if alter := _ALTER.match(lower):
        for clause in _split(alter["clauses"]):
            for kind, name in _clause(clause, text):
                yield kind, alter["table"], name
        return
    yield from _first(lower, text)


def locked(statement: str) -> str:
    """Return the table that a statement locks until the end of its transaction, if it does.

    Example:
        >>> locked("ALTER TABLE users ADD COLUMN age int")
        'users'
    """
    plain = " ".join(re.sub(r'["`]', "", _COMMENT.sub(" ", statement)).split()).lower()
    found = _ALTER.match(plain) or re.match(rf"lock (?:table )?(?:only )?{_TABLE}", plain)
    return found["table"] if found else ""


def _first(lower: str, text: str) -> Iterator[Found]:
    for pattern, kind in _STATEMENTS:
        if found := re.match(pattern, lower):
            if kind is not None:
                groups = found.groupdict()
                yield kind, groups.get("table") or "", groups.get("name") or ""
            return
    yield "unknown", "", text


def _clause(clause: str, text: str) -> Iterator[tuple[Kind, str]]:
    for pattern, kind in _CLAUSES:
        if found := re.match(pattern, clause):
            if kind is not None:
                yield kind, found.groupdict().get("name") or ""
            return
    if added := _ADD.match(clause):
        for kind in _added(added["rest"]):
            yield kind, added["name"]
    else:
        yield "unknown", text


def _added(rest: str) -> Iterator[Kind]:
    if "not null" in rest and not re.search(
        r"\b(default|generated|stored|serial|bigserial)\b", rest
    ):
        yield "required column"
    if re.match(r"json\b", rest):
        yield "json"
    if _VOLATILE.search(rest):
        yield "filled column"
    if "references" in rest:
        yield "foreign key"
    if re.search(r"\b(unique|primary key)\b", rest):
        yield "unique"


def _split(clauses: str) -> Iterator[str]:
    """Split at commas that are outside of brackets and texts."""
    depth, part, quoted = 0, "", False
    for letter in clauses:
        quoted ^= letter == "'"
        depth += 0 if quoted else {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0 and not quoted:
            yield part.strip()
            part = ""
        else:
            part += letter
    yield part.strip()
