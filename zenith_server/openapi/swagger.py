"""Swagger UI, from the files of an installed package and a page that runs no inline script."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
    "swagger-ui-standalone-preset.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}
# Everything comes from this server; no script or style stands in the page itself.
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    b"connect-src 'self'; "
    b"frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
START = """\
const here = (url) => new URL(url, document.baseURI).href;
const documents = {documents};
const several = documents.length > 1;
SwaggerUIBundle({{
  url: several ? undefined : here(documents[0].url),
  urls: several ? documents.map(({{ url, name }}) => ({{ url: here(url), name }})) : undefined,
  "urls.primaryName": {shown},
  presets: [SwaggerUIBundle.presets.apis].concat(several ? [SwaggerUIStandalonePreset] : []),
  layout: several ? "StandaloneLayout" : "BaseLayout",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null,
}});
"""
CHOOSER = "swagger-ui-standalone-preset.js"
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
<script src="docs/swagger-ui-bundle.js"></script>{chooser}
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


def page(title: str, *, several: bool = False) -> Cached:
    """Return the page at `/docs`; it loads its files from below, and the document beside it.

    Args:
        title: what the browser calls it.
        several: whether there are several documents to choose from.
    """
    chooser = f'\n<script src="docs/{CHOOSER}"></script>' if several else ""
    text = PAGE.format(title=escape(title), chooser=chooser)
    policy = (b"content-security-policy", POLICY)
    return Cached(text.encode(), "text/html; charset=utf-8", [policy])


def start(documents: Mapping[str, str], shown: str = "") -> Cached:
    """Return the script that starts the page.

    Args:
        documents: the URLs of the documents, from the page's, by what they are called.
        shown: the one that is shown first.
    """
    listed = [{"url": url, "name": name} for name, url in documents.items()]
    text = START.format(documents=_script(listed), shown=_script(shown or next(iter(documents))))
    return Cached(text.encode(), MEDIA["swagger-ui-bundle.js"])


def _script(value: object) -> str:
    return json.dumps(value, separators=(", ", ": "))


def file(name: str) -> Cached | None:
    """Return one of the files that the page loads; nothing for any other name."""
    return Cached((folder() / name).read_bytes(), MEDIA[name]) if name in MEDIA else None
