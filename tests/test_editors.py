from __future__ import annotations

import pytest

from zenith_server.editors import EDITORS, link

FILE = "/shop/routes/[id].py"


@pytest.mark.parametrize(
    ("editor", "url"),
    [
        ("vscode", "vscode://file/shop/routes/%5Bid%5D.py:3"),
        ("pycharm", "pycharm://open?file=/shop/routes/%5Bid%5D.py&line=3"),
        ("mine://{file}#L{line}", "mine:///shop/routes/%5Bid%5D.py#L3"),
        ("none", ""),
    ],
)
def test_a_line_opens_in_the_editor_of_choice(editor: str, url: str) -> None:
    assert link(editor, FILE, 3) == url


@pytest.mark.parametrize("editor", sorted(set(EDITORS) - {"none"}))
def test_every_editor_is_told_file_and_line(editor: str) -> None:
    url = link(editor, "/shop/app.py", 7)
    assert "/shop/app.py" in url
    assert url.endswith("7")
