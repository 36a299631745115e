from __future__ import annotations

import re
from base64 import b64encode
from hashlib import sha256
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.error_page.failing import settings_of, told
from zenith_server.error_page.failure import of_start
from zenith_server.error_page.page import headers, page
from zenith_server.errors import Fault, ProjectError

# Elements that have no end, and those whose end may be left out.
VOID = {"meta", "link", "html"}


class Reader(HTMLParser):
    """Reads a page strictly: what is opened is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.inline: dict[str, str] = {}
        self.attributes: list[tuple[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "script"):
            self.inline[self.open[-1]] = data


def parsed(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def visible(text: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", text.partition("</style>")[2]))


def test_the_failing_line_is_marked(tmp_path: Path) -> None:
    text = page(told(tmp_path, "def deep(x):\n    return 1, 2 / x\n\ndeep(0)\n"))
    parsed(text)
    failing = re.findall(r'<span data-line="(\d+)" class="failing">(.*)', text)
    assert [line for line, _ in failing] == ["2", "4"]
    assert visible(f"</style>{re.findall('<mark>(.*)</mark>', failing[0][1])[0]}") == "2 / x"


def test_what_clients_and_code_say_is_text_and_nothing_else(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>"
    text = page(told(tmp_path, f"evil = '{evil}'\nraise LookupError(evil)\n"))
    parsed(text)
    assert text.count("<script>") == 1
    assert evil in visible(text)


def test_the_page_loads_nothing_and_runs_nothing_but_its_own(tmp_path: Path) -> None:
    reader = parsed(page(told(tmp_path, "1 / 0\n")))
    policy = dict(headers())[b"content-security-policy"].decode()
    for kind in ("style", "script"):
        digest = b64encode(sha256(reader.inline[kind].encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy
    urls = [value for name, value in reader.attributes if name in ("href", "src")]
    assert {str(url).partition(":")[0] for url in urls} == {"data", "vscode"}
    assert not {name for name, _ in reader.attributes if name == "style" or name[:2] == "on"}
    assert "url(" not in reader.inline["style"]
    assert "@import" not in reader.inline["style"]


def test_frames_of_libraries_are_folded_and_those_of_the_project_open(tmp_path: Path) -> None:
    text = page(told(tmp_path, "import json\njson.loads('{')\n"))
    assert re.findall(r'<details class="(.+?)"( open)?>', text) == [
        ("libraries", ""),
        *[("frame", ""), ("variables", ""), ("frame", ""), ("frame", "")],
        ("frame own", " open"),
        ("plain", ""),
    ]
    assert "<summary>3 frames in <b>json</b></summary>" in text


def test_of_many_frames_of_the_project_the_first_are_open(tmp_path: Path) -> None:
    text = page(told(tmp_path, "def again(n):\n    again(n + 1)\n\nagain(0)\n"))
    parsed(text)
    assert text.count('<details class="frame own" open>') == 5
    assert "frames between these are left out" in text


@pytest.mark.parametrize(
    ("editor", "link"),
    [("", "vscode://file{}/app.py:1"), ("zed", "zed://file{}/app.py:1"), ("none", "")],
)
def test_a_frame_opens_in_the_editor(tmp_path: Path, editor: str, link: str) -> None:
    text = page(told(tmp_path, "1 / 0\n", ZENITH_EDITOR=editor))
    hrefs = re.findall(r'class="place" href="(.+?)"', text)
    assert hrefs == ([link.format(tmp_path)] if link else [])


def test_what_it_came_of_is_told_at_once_and_shown_below(tmp_path: Path) -> None:
    text = page(
        told(tmp_path, "try:\n    {}['a']\nexcept KeyError as e:\n    raise OSError('b') from e\n")
    )
    parsed(text)
    [target] = re.findall(r'caused by <a href="#(.+?)">KeyError: &#x27;a&#x27;</a>', text)
    assert f'id="{target}"' in text


def test_faults_are_told_with_lines_and_remedies(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("x = 1\n")
    (tmp_path / "other.py").write_text("")
    faults = (
        Fault("No `x`", ("app.py:1", "other.py", "plugin y"), "Why not", ("Use `y`.",)),
        Fault("More"),
    )
    text = page(of_start(ProjectError(*faults), "the log", settings_of(tmp_path)))
    parsed(text)
    assert "<h1" in text.partition("<h2")[0]
    for part in ("2 things are wrong.", "No x", "x = 1", "Why not", "Use y.", "plugin y", "More"):
        assert part in visible(text)
    assert '<pre id="text">the log</pre>' in text
    assert f'href="vscode://file{tmp_path}/other.py:1"' in text


SECRETS = {
    "a local": "password = 'hushhush1'\n1 / 0\n",
    "a URL in a local": "url = 'postgresql://shop:hushhush1@db/shop'\n1 / 0\n",
    "a local of another name": "x = ''.join(['hush', 'hush', '1'])\n1 / 0\n",
    "headers": "headers = [(b'authorization', b'Bearer hushhush1')]\n1 / 0\n",
    "a dict": "row = {'api_key': 'hushhush1'}\n1 / 0\n",
    "an object": """
        from dataclasses import dataclass
        @dataclass
        class Login:
            password: str
        login = Login('hush' + 'hush1')
        1 / 0
        """,
    "settings": """
        from pathlib import Path
        from zenith_server.environment import Environment
        from zenith_server.settings import read_settings
        environ = {"DATABASE_URL": "postgresql://shop:" + "hush" + "hush1@db/shop"}
        settings = read_settings(Path(), environment=Environment("test", ""), environ=environ)
        1 / 0
        """,
    "words": "raise OSError('no route to postgresql://shop:hushhush1@db/shop')\n",
    "a cause": """
        try:
            raise OSError('mysql://shop:hushhush1@db/shop')
        except OSError as error:
            raise LookupError from error
        """,
    "a note": "e = OSError()\ne.add_note('redis://:hushhush1@cache')\nraise e\n",
    "half a text": "x = 'y' * 100 + 'hush' + 'hush1' + 'y' * 9\n1 / 0\n",
}


@pytest.mark.parametrize("place", SECRETS)
def test_a_secret_is_never_on_the_page(tmp_path: Path, place: str) -> None:
    url = "postgresql://shop:hushhush1@db/shop"
    text = page(told(tmp_path, SECRETS[place], DATABASE_URL=url))
    parsed(text)
    shown = visible(text).replace("'hush' + 'hush1'", "").replace('"hush" + "hush1@', "")
    assert "hushhush1" not in shown
    assert "***" in shown
