"""Secrets, covered in everything that is shown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from urllib.parse import unquote, urlsplit

from zenith_server.secrets import MASK, SECRET_WORD, looks_secret, masked_line, masked_text
from zenith_server.settings import Settings
from zenith_server.settings.value import KEYS

# Shorter ones stand in too many words that are none.
_SHORTEST = 6
# Where a name begins does not matter to what follows it, and to look for that takes long.
_NAME = rf"(?:{SECRET_WORD}|authorization|cookie|session|csrf|xsrf)[\w-]*"
_WHOLE_NAME = re.compile(rf"[\w-]*{_NAME}", re.IGNORECASE)
_URL = re.compile(r"(://[^:@/\s'\"]*:)[^\s'\"]*@")
_LITERAL = re.compile(
    rf"""({_NAME}['"]?\s*[:=]\s*[bru]*)('(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*")""", re.IGNORECASE
)
_BARE = re.compile(rf"({_NAME}=)(?![\s'\"*])[^\s,;&)}}\]'\"]+", re.IGNORECASE)
_BEARER = re.compile(r"\b(bearer|basic)\s+[\w.~+/-]{6,}=*", re.IGNORECASE)


class Veil:
    """Covers what must not be seen.

    Args:
        known: values that are secret wherever they stand.

    Example:
        >>> Veil(["correct horse"]).text("it is 'correct horse', password=abc")
        "it is '***', password=***"
    """

    def __init__(self, known: Iterable[str] = ()) -> None:
        words = sorted({word for word in known if _is_telling(word)}, key=len, reverse=True)
        self._known = re.compile("|".join(map(_anywhere, words))) if words else None

    def text(self, text: str) -> str:
        """Return a text of people or programs, such as the message of an exception."""
        return self._bare(masked_text(text))

    def value(self, text: str) -> str:
        """Return a value as Python writes it; between the URLs in it there is more to read."""
        return self._bare(_URL.sub(rf"\g<1>{MASK}@", text))

    def source(self, line: str) -> str:
        """Return a line of Python, without the secrets that are written into it."""
        line = _URL.sub(rf"\g<1>{MASK}@", line)
        return self._without_known(_LITERAL.sub(rf"\g<1>'{MASK}'", line))

    def configuration(self, line: str) -> str:
        """Return a line of a configuration file."""
        return self._without_known(masked_line(line))

    def is_secret(self, name: str) -> bool:
        """Whether what has this name is not shown at all."""
        return looks_secret(name) or _WHOLE_NAME.fullmatch(name) is not None

    def _bare(self, text: str) -> str:
        text = _BEARER.sub(rf"\g<1> {MASK}", _LITERAL.sub(rf"\g<1>'{MASK}'", text))
        return self._without_known(_BARE.sub(rf"\g<1>{MASK}", text))

    def _without_known(self, text: str) -> str:
        return self._known.sub(MASK, text) if self._known else text


def veil_of(settings: Settings) -> Veil:
    """Return the veil over what the settings and the environment of a project keep secret."""
    return Veil(_known(settings))


def _known(settings: Settings) -> Iterator[str]:
    for key in KEYS.values():
        if key.secret:
            yield from _secrets_in(attrgetter(key.name)(settings))
    for database in settings.databases.values():
        yield from _secrets_in((database.url, *database.replicas))
    yield from _named(settings.environ)
    yield from _named(settings.plugins)


def _named(values: Mapping[str, object]) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _named(value)  # pyright: ignore[reportUnknownArgumentType]
        elif looks_secret(name) or (isinstance(value, str) and "://" in value):
            yield from _secrets_in(value)


def _secrets_in(value: object) -> Iterator[str]:
    """The values themselves; of a URL the password, as it is written and as it is meant."""
    if isinstance(value, tuple):
        for each in value:  # pyright: ignore[reportUnknownVariableType]
            yield from _secrets_in(each)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, str) and "://" in value:
        password = _password(value)
        yield from (password, unquote(password))
    elif isinstance(value, str):
        yield from (value, repr(value)[1:-1])


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""


def _anywhere(word: str) -> str:
    """Return the pattern of a secret: what may be a word of a language is one only by itself."""
    pattern = re.escape(word)
    is_word = word.isalpha() and len(word) < 2 * _SHORTEST
    return rf"(?<!\w){pattern}(?!\w)" if is_word else pattern


def _is_telling(word: str) -> bool:
    return len(word) >= _SHORTEST and not (word.isdecimal() and len(word) < 2 * _SHORTEST)
