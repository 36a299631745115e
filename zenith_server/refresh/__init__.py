"""What a page in development is given so that it renews itself when the code has changed.

The script opens a WebSocket to the server; WebSockets, because a browser has six connections at
most for everything else, and each open page would keep one. The runner answers it.
"""

from __future__ import annotations

from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zenith_server.settings import Settings

# No file can have this URL: what begins with an underscore is private.
CHANNEL = "/_zenith/refresh"
SCRIPT = "/_zenith/refresh.js"
TOKEN = "zenith.refresh"
"""Where the runner puts the token of the code that serves, in the scope of each request."""


def is_on(settings: Settings) -> bool:
    """Whether pages renew themselves: in development, where code reloads, unless switched off."""
    reloads = settings.environment.name == "development" and settings.server.reload
    return reloads and settings.layers.get("refresh", True)


def tag(token: str, nonce: str = "") -> bytes:
    """Return the element that a page loads the script with.

    Args:
        token: names the code that has made the page.
        nonce: what the page's policy asks of scripts, if it does.

    Example:
        >>> tag("6f1c-3")
        b'<script src="/_zenith/refresh.js?6f1c-3" defer></script>'
    """
    own = f' nonce="{escape(nonce)}"' if nonce else ""
    return f'<script src="{SCRIPT}?{token}" defer{own}></script>'.encode()


def script() -> bytes:
    """Return the script."""
    return Path(__file__).with_name("refresh.js").read_bytes()
