"""Statements in SQL are told by what they change."""

from __future__ import annotations

import pytest

from zenith_server.database.migrations.statements import changes


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ('CREATE TABLE IF NOT EXISTS "users" (id int)', [("create table", "users", "")]),
        ("DROP TABLE shop.users;", [("drop table", "shop.users", "")]),
        ("CREATE UNIQUE INDEX ix ON ONLY t (c)", [("index", "t", "ix")]),
        ("create index on t (c)", [("index", "t", "")]),
        ("CREATE INDEX CONCURRENTLY ix ON t (c)", [("concurrent index", "t", "ix")]),
        ("DROP INDEX CONCURRENTLY ix", [("concurrent index", "", "ix")]),
        ("ALTER TABLE t ADD COLUMN c int NOT NULL", [("required column", "t", "c")]),
        ("ALTER TABLE t ADD c int NOT NULL DEFAULT 0, DROP d", [("drop column", "t", "d")]),
        ("ALTER TABLE t ADD c uuid DEFAULT gen_random_uuid()", [("filled column", "t", "c")]),
        ("ALTER TABLE t ADD c int DEFAULT now()", []),
        ("ALTER TABLE t ADD c bigserial", [("filled column", "t", "c")]),
        (
            "ALTER TABLE t ADD c int REFERENCES u UNIQUE",
            [("foreign key", "t", "c"), ("unique", "t", "c")],
        ),
        ("ALTER TABLE t ADD CONSTRAINT k CHECK (f(a, 'x,)') > 0)", [("check", "t", "k")]),
        ("ALTER TABLE t ADD FOREIGN KEY (c) REFERENCES u", [("foreign key", "t", "")]),
        ("ALTER TABLE t ADD CONSTRAINT k CHECK (c > 0) NOT VALID", [("not valid", "t", "k")]),
        ("ALTER TABLE t ADD CONSTRAINT k UNIQUE USING INDEX u", []),
        ("ALTER TABLE t ADD PRIMARY KEY (c)", [("primary key", "t", "")]),
        ("ALTER TABLE t ADD INDEX ix (c)", [("index", "t", "ix")]),
        ("ALTER TABLE t VALIDATE CONSTRAINT k", [("validate", "t", "k")]),
        ("ALTER TABLE t ALTER COLUMN c TYPE text", [("type", "t", "c")]),
        ("ALTER TABLE t ALTER c SET DATA TYPE text", [("type", "t", "c")]),
        ("ALTER TABLE t MODIFY c text", [("type", "t", "c")]),
        ("ALTER TABLE t ALTER c SET NOT NULL", [("not null", "t", "c")]),
        ("ALTER TABLE t ALTER c SET DEFAULT 1, ALTER d DROP NOT NULL", []),
        ("ALTER TABLE t DROP CONSTRAINT k", []),
        ("ALTER TABLE t RENAME TO u", [("rename table", "t", "u")]),
        ("ALTER TABLE t RENAME COLUMN c TO d", [("rename column", "t", "c")]),
        ("ALTER TABLE t RENAME c TO d", [("rename column", "t", "c")]),
        ("RENAME TABLE t TO u", [("rename table", "t", "u")]),
        ("-- why\nSELECT /* not\nthis */ 1", []),
        ("", []),
        ("UPDATE t  SET c = 1", [("all rows", "t", "")]),
        ("DELETE FROM t WHERE c", [("rows", "t", "")]),
        ("CALL  tidy()", [("unknown", "", "CALL tidy()")]),
        ("ALTER TABLE t OWNER TO ann", [("unknown", "t", "ALTER TABLE t OWNER TO ann")]),
    ],
)
def test_changes(statement: str, expected: list[tuple[str, str, str]]) -> None:
    assert list(changes(statement)) == expected
