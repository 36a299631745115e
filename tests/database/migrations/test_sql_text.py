from __future__ import annotations

import pytest

from zenith_server.database.migrations.sql_text import Unfinished, pieces


@pytest.mark.parametrize(
    ("dialect", "text", "expected"),
    [
        ("sqlite", "a; b ;\n\nc", ["a", "b", "c"]),
        ("sqlite", "SELECT ';'; b", ["SELECT ';'", "b"]),
        ("sqlite", "SELECT 'it''s;'; b", ["SELECT 'it''s;'", "b"]),
        ("sqlite", 'SELECT ";"; b', ['SELECT ";"', "b"]),
        ("sqlite", "a /* ; */ x; b", ["a /* ; */ x", "b"]),
        ("sqlite", "a -- ;\n x; b", ["a -- ;\n x", "b"]),
        ("sqlite", "/* ; */ -- ;\n", []),
        ("postgresql", "/* a /* b; */ c; */ d; e", ["d", "e"]),
        ("postgresql", r"SELECT 'C:\'; b", [r"SELECT 'C:\'", "b"]),
        ("postgresql", r"SELECT E'it\'s;'; b", [r"SELECT E'it\'s;'", "b"]),
        ("postgresql", "DO $$ a; b $$; c", ["DO $$ a; b $$", "c"]),
        ("postgresql", "DO $x$ a; $$ b; $x$; c", ["DO $x$ a; $$ b; $x$", "c"]),
        ("postgresql", "SELECT $1; b", ["SELECT $1", "b"]),
        (
            "postgresql",
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END; b",
            ["CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END", "b"],
        ),
        ("mysql", r"SELECT 'it\'s;'; b # ;", [r"SELECT 'it\'s;'", "b # ;"]),
        ("mysql", "SELECT `;`; b", ["SELECT `;`", "b"]),
        (
            "mysql",
            (
                "CREATE PROCEDURE p() BEGIN IF 1 THEN a; END IF; IF 2 THEN c; END IF; "
                "CASE 1 WHEN 1 THEN d; END CASE; SET @x = CASE 1 WHEN 1 THEN 2 END; END; b"
            ),
            [
                (
                    "CREATE PROCEDURE p() BEGIN IF 1 THEN a; END IF; IF 2 THEN c; END IF;"
                    " CASE 1 WHEN 1 THEN d; END CASE; SET @x = CASE 1 WHEN 1 THEN 2 END; END"
                ),
                "b",
            ],
        ),
        (
            "sqlite",
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; UPDATE c SET d = 1; END; e",
            [
                "CREATE TRIGGER t AFTER INSERT ON a BEGIN DELETE FROM b; UPDATE c SET d = 1; END",
                "e",
            ],
        ),
    ],
)
def test_statements_end_where_the_database_ends_them(
    dialect: str, text: str, expected: list[str]
) -> None:
    found = [piece.text for piece in pieces(text, dialect) if piece.kind == "statement"]
    assert found == expected


def test_pieces_know_their_lines() -> None:
    found = list(pieces("-- one\n\nSELECT\n1;\n  -- two\nSELECT 2; SELECT 3", "sqlite"))
    assert [(piece.kind, piece.line) for piece in found] == [
        ("comment", 1),
        ("statement", 3),
        ("comment", 5),
        ("statement", 6),
        ("statement", 6),
    ]


@pytest.mark.parametrize("text", ["\n'a", '\n"a', "\n/* a", "\n$$ a", "\n`a"])
def test_what_does_not_end_is_placed(text: str) -> None:
    with pytest.raises(Unfinished) as caught:
        list(pieces(text, "postgresql"))
    assert caught.value.line == 2
