"""Passwords and keys, made safe to print."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

MASK = "***"

_PASSWORD_IN_URL = re.compile(r"(://[^:@\s]*:).*(@)", re.DOTALL)
SECRET_WORD = r"(?:password|passwd|pwd|secret|token|api_?key|private_?key|credential)"
"""What a name has in it that holds a secret; a pattern, whatever the case."""
_SECRET_NAME = rf"[\w-]*{SECRET_WORD}[\w-]*"
_PARAMETER = re.compile(rf"((?:^|[?&;\s]){_SECRET_NAME}=)[^&;\s]*", re.IGNORECASE)
_ASSIGNMENT = re.compile(rf"(\b{_SECRET_NAME}['\"]?\s*[:=]\s*)(?!\s)\S.*", re.IGNORECASE)
_WHOLE_NAME = re.compile(rf"{_SECRET_NAME}|dsn", re.IGNORECASE)


def masked_url(url: str) -> str:
    """Return a URL without its password, neither before the @ nor in the query.

    Example:
        >>> masked_url("postgresql://ann:s3cret@db/app?password=s3cret")
        'postgresql://ann:***@db/app?password=***'
    """
    return _PARAMETER.sub(rf"\g<1>{MASK}", _PASSWORD_IN_URL.sub(rf"\g<1>{MASK}\g<2>", url))


def masked_text(text: str) -> str:
    r"""Return a text of several lines without the passwords of the URLs in it.

    Anything may stand in a password, so each line is masked by itself: from one URL to an @ in
    another line lies what people need to read.

    Example:
        >>> masked_text("at pg://ann:s3cret@db\nsee bob@example.com")
        'at pg://ann:***@db\nsee bob@example.com'
    """
    return "\n".join(map(masked_url, text.split("\n")))


def masked(value: object) -> object:
    """Return what may be printed of a secret: a URL without its password, of others nothing.

    Example:
        >>> masked("correct horse"), masked(None)
        ('***', None)
    """
    if value is None or value == "":
        return value
    if isinstance(value, tuple):
        return tuple(masked(each) for each in cast("tuple[object, ...]", value))
    return masked_url(value) if isinstance(value, str) and "://" in value else MASK


def masked_line(line: str) -> str:
    """Return a line of a configuration file with its passwords and keys masked.

    Example:
        >>> masked_line("secret_key: abc  # ours")
        'secret_key: ***'
    """
    return masked_url(_ASSIGNMENT.sub(rf"\g<1>{MASK}", line))


def looks_secret(name: str) -> bool:
    """Tell whether a setting of this name is likely to hold a secret.

    Example:
        >>> looks_secret("smtp_password"), looks_secret("port")
        (True, False)
    """
    return _WHOLE_NAME.fullmatch(name) is not None


def printable(name: str, value: object) -> object:
    """Return a value as it may be printed, masked throughout where names and URLs tell of secrets.

    Args:
        name: what the value is called, such as "smtp_password".
        value: text, a number, a list or a mapping, or any nest of these.

    Example:
        >>> printable("mail", {"user": "ann", "password": "s3cret"})
        {'user': 'ann', 'password': '***'}
    """
    if looks_secret(name):
        return masked(value)
    if isinstance(value, Mapping):
        inner = cast("Mapping[object, object]", value)
        return {key: printable(str(key), each) for key, each in inner.items()}
    if isinstance(value, (list, tuple)):
        return [printable(name, each) for each in cast("list[object]", value)]
    return masked_url(value) if isinstance(value, str) else value
