"""Links that open a line in an editor."""

from __future__ import annotations

from urllib.parse import quote

EDITORS = {
    "vscode": "vscode://file{file}:{line}",
    "vscode-insiders": "vscode-insiders://file{file}:{line}",
    "vscodium": "vscodium://file{file}:{line}",
    "cursor": "cursor://file{file}:{line}",
    "windsurf": "windsurf://file{file}:{line}",
    "zed": "zed://file{file}:{line}",
    "pycharm": "pycharm://open?file={file}&line={line}",
    "idea": "idea://open?file={file}&line={line}",
    "sublime": "subl://open?url=file://{file}&line={line}",
    "textmate": "txmt://open?url=file://{file}&line={line}",
    "emacs": "emacs://open?url=file://{file}&line={line}",
    "macvim": "mvim://open?url=file://{file}&line={line}",
    "none": "",
}


def link(editor: str, file: str, line: int) -> str:
    """Return the URL that opens a line, or nothing where there is to be none.

    Args:
        editor: a name of `EDITORS`, or a URL with {file} and {line} in it.
        file: the whole path.
        line: the line, from 1.

    Example:
        >>> link("zed", "/shop/routes/[id].py", 3)
        'zed://file/shop/routes/%5Bid%5D.py:3'
    """
    template = EDITORS.get(editor, editor)
    return template.replace("{file}", quote(file)).replace("{line}", str(line))
