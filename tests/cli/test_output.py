from __future__ import annotations

import pytest

from zenith_server.cli.output import complain, counted, print_json, print_table

Printed = pytest.CaptureFixture[str]


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, stream: str) -> None:
    monkeypatch.setattr(f"sys.{stream}.isatty", lambda: True)


def test_a_table_is_aligned_and_never_cut_in_a_pipe(capsys: Printed) -> None:
    print_table(("A", "B"), [("x" * 200, "1"), ("y", "2")])
    assert capsys.readouterr().out.splitlines() == [
        "A" + " " * 201 + "B",
        "x" * 200 + "  1",
        "y" + " " * 201 + "2",
    ]


def test_a_table_is_drawn_on_a_terminal(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    on_a_terminal(monkeypatch, "stdout")
    monkeypatch.setenv("COLUMNS", "40")
    print_table(("NAME", "VALUE"), [("[bold]", "1")])
    printed = capsys.readouterr().out
    assert "[bold]" in printed
    assert "─" in printed


def test_json_keeps_letters_and_writes_the_rest_as_text(capsys: Printed) -> None:
    print_json({"é": {1}})
    assert capsys.readouterr().out == '{\n  "é": "{1}"\n}\n'


def test_complaints_are_plain_in_a_pipe(capsys: Printed) -> None:
    complain("wrong\nand more")
    assert capsys.readouterr().err == "wrong\nand more\n"


def test_complaints_begin_red_on_a_terminal(
    capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_a_terminal(monkeypatch, "stderr")
    monkeypatch.delenv("NO_COLOR", raising=False)
    complain("wrong\nand more")
    assert capsys.readouterr().err == "\x1b[31mwrong\x1b[0m\nand more\n"


def test_no_color_is_respected(capsys: Printed, monkeypatch: pytest.MonkeyPatch) -> None:
    on_a_terminal(monkeypatch, "stderr")
    monkeypatch.setenv("NO_COLOR", "1")
    complain("wrong")
    assert capsys.readouterr().err == "wrong\n"


def test_one_is_no_plural() -> None:
    assert (counted(0, "route"), counted(1, "route")) == ("0 routes", "1 route")
