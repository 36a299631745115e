"""Swagger UI, from the files of an installed package and a page that runs no inline script."""

from __future__ import annotations

from functools import cache
from html import escape
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from zenith_server.cached import Cached

PACKAGE = "swagger_ui_bundle"
INSTALL = 'pip install "zenith-server[docs]"'
MEDIA = {
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
# Everything comes from this server; no script or style stands in the page itself.
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; "
    b"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
START = b"""\
SwaggerUIBundle({
  url: new URL("openapi.json", document.baseURI).href,
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
});
"""
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="docs/favicon-32x32.png">
<link rel="stylesheet" href="docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""


def is_installed() -> bool:
    """Whether the package with the files is there; it is not imported for that."""
    return find_spec(PACKAGE) is not None


@cache
def folder() -> Path:
    """Return the folder with the files of Swagger UI."""
    return Path(import_module(PACKAGE).swagger_ui_path)


def page(title: str) -> Cached:
    """Return the page at `/docs`; it loads its files from below, and the document beside it.

    Args:
        title: what the browser calls it.
    """
    text = PAGE.format(title=escape(title))
    policy = (b"content-security-policy", POLICY)
    return Cached(text.encode(), "text/html; charset=utf-8", [policy])


def file(name: str) -> Cached | None:
    """Return one of the files that the page loads; nothing for any other name."""
    if name == "start.js":
        return Cached(START, MEDIA["swagger-ui-bundle.js"])
    return Cached((folder() / name).read_bytes(), MEDIA[name]) if name in MEDIA else None
