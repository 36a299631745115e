"""The page of fortunes."""

from collections.abc import Iterable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader

ADDED = "Additional fortune added at request time."
_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True
)
_PAGE = _TEMPLATES.get_template("fortunes.html")
Html = tuple[str, int, dict[str, str]]


def page(fortunes: Iterable[tuple[int, str]]) -> Html:
    rows = sorted([*fortunes, (0, ADDED)], key=lambda row: row[1])
    html = _PAGE.render(fortunes=[{"id": key, "message": message} for key, message in rows])
    return html, 200, {"content-type": "text/html; charset=utf-8"}
