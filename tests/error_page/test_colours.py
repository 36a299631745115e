from __future__ import annotations

import pytest

from zenith_server.error_page.colours import coloured


@pytest.mark.parametrize(
    ("line", "spans"),
    [
        ("return x", [("keyword", "return"), ("", " x")]),
        ("def get(): ...", [("keyword", "def"), ("", " "), ("defined", "get"), ("", "(): ...")]),
        ("x = 'a\\'b'  # no", [("", "x = "), ("text", "'a\\'b'"), ("", "  "), ("remark", "# no")]),
        ('rb"x" + 0x1f', [("text", 'rb"x"'), ("", " + "), ("number", "0x1f")]),
        ("@route.get", [("decorator", "@route.get")]),
        ("print(self.print)", [("builtin", "print"), ("", "(self.print)")]),
        ("match x:", [("keyword", "match"), ("", " x:")]),
        ("x = match", [("", "x = match")]),
        ("", []),
    ],
)
def test_a_line_has_colours(line: str, spans: list[tuple[str, str]]) -> None:
    assert coloured([line]) == [spans]


def test_a_text_may_have_several_lines() -> None:
    assert coloured(['x = """a', "", 'b"""', "y"]) == [
        [("", "x = "), ("text", '"""a')],
        [],
        [("text", 'b"""')],
        [("", "y")],
    ]


@pytest.mark.parametrize("line", ["x = 'never closed", 'x = """', "def", "\\", "'\\"])
def test_half_a_line_keeps_all_of_its_letters(line: str) -> None:
    [spans] = coloured([line])
    assert "".join(text for _, text in spans) == line


def test_a_text_that_is_not_closed_ends_with_its_line() -> None:
    assert coloured(["x = 'open", "y"])[1] == [("", "y")]
