"""Python source in colours: which letters are a keyword, a text, a number, a remark."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator, Sequence
from keyword import iskeyword, issoftkeyword

Span = tuple[str, str]
"""A class of the style sheet, or none, and the letters that it is for."""

# One pattern and no library: the page is there 0.1 s earlier, and half a file has colours too.
_TOKEN = re.compile(
    r"""
    (?P<remark>\#[^\n]*)
    | (?P<text>\b[rbftu]{0,2}(?:'''|\"\"\"|'|\") | '''|\"\"\"|'|\")
    | (?P<decorator>(?<![^\n])[ \t]*@[\w.]+)
    | (?P<number>\b\d[\w.]*)
    | (?P<defined>(?<=\bdef[ ])\w+ | (?<=\bclass[ ])\w+)
    | (?P<word>[^\W\d]\w*)
    """,
    re.VERBOSE | re.IGNORECASE,
)
_ENDS = {
    "'": re.compile(r"(?:\\.|[^'\\\n])*'?"),
    '"': re.compile(r'(?:\\.|[^"\\\n])*"?'),
    "'''": re.compile(r"(?:\\.|(?!''').)*(?:''')?", re.DOTALL),
    '"""': re.compile(r'(?:\\.|(?!""").)*(?:""")?', re.DOTALL),
}
_BUILTINS = frozenset(dir(builtins))


def coloured(lines: Sequence[str]) -> list[list[Span]]:
    r"""Return the spans of each line of Python; lines come without their ends.

    Example:
        >>> coloured(["if x:"])
        [[('keyword', 'if'), ('', ' x:')]]
    """
    rows: list[list[Span]] = [[]]
    for kind, text in _joined(_spans("\n".join(lines))):
        first, *others = text.split("\n")
        rows[-1] += [(kind, first)] if first else []
        rows += [[(kind, other)] if other else [] for other in others]
    return rows


def _spans(source: str) -> Iterator[Span]:
    at = 0
    while (token := _TOKEN.search(source, at)) is not None:
        yield "", source[at : token.start()]
        end = token.end()
        if token.lastgroup == "text":
            closing = _ENDS[token.group().lstrip("rbftuRBFTU")].match(source, end)
            end = closing.end() if closing else end
        yield _kind(token), source[token.start() : end]
        at = end
    yield "", source[at:]


def _kind(token: re.Match[str]) -> str:
    if token.lastgroup != "word":
        return token.lastgroup or ""
    word = token.group()
    if iskeyword(word) or (issoftkeyword(word) and _begins_line(token)):
        return "keyword"
    is_attribute = token.string[token.start() - 1 : token.start()] == "."
    return "builtin" if word in _BUILTINS and not is_attribute else ""


def _begins_line(token: re.Match[str]) -> bool:
    begin = token.string.rfind("\n", 0, token.start()) + 1
    return not token.string[begin : token.start()].strip()


def _joined(spans: Iterator[Span]) -> Iterator[Span]:
    kind, text = "", ""
    for other, more in spans:
        if other == kind or not more:
            text += more
            continue
        if text:
            yield kind, text
        kind, text = other, more
    if text:
        yield kind, text
