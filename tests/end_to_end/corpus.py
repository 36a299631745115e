"""Requests that two servers on one way may read differently, and gunicorn's collection of them."""

from __future__ import annotations

import re
import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
_POST = b"POST /p HTTP/1.1\r\nHost: x\r\n"
_CHUNKED = _POST + b"Transfer-Encoding: chunked\r\n\r\n"
_GET = b"GET /p HTTP/1.1\r\nHost: x\r\n"
_EMPTY = b"\r\n\r\n0\r\n\r\n" + SMUGGLED

# By name: what is sent. Nothing of it may reach the app.
CASES = {
    "two lengths, chunks win": _POST
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n"
    % (len(SMUGGLED), SMUGGLED),
    "two lengths, the length wins": _POST
    + b"Content-Length: %d\r\nTransfer-Encoding: chunked" % (5 + len(SMUGGLED))
    + _EMPTY,
    "a blank before the colon": _POST + b"Transfer-Encoding : chunked" + _EMPTY,
    "an unknown coding": _POST + b"Transfer-Encoding: xchunked" + _EMPTY,
    "a vertical tab": _POST + b"Transfer-Encoding:\x0bchunked" + _EMPTY,
    "chunked is not last": _POST + b"Transfer-Encoding: chunked, identity" + _EMPTY,
    "chunked twice": _POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked" + _EMPTY,
    "chunked and folded": _POST + b"Transfer-Encoding:\r\n chunked" + _EMPTY,
    "chunked in 1.0": _POST.replace(b"1.1", b"1.0")
    + b"Connection: keep-alive\r\nTransfer-Encoding: chunked"
    + _EMPTY,
    "lengths that differ": _POST + b"Content-Length: 0\r\nContent-Length: 36\r\n\r\n" + SMUGGLED,
    "a list of lengths": _POST + b"Content-Length: 2, 2\r\n\r\nab",
    "a length with a plus": _POST + b"Content-Length: +2\r\n\r\nab",
    "a length with a minus": _POST + b"Content-Length: -1\r\n\r\n" + SMUGGLED,
    "a length with a blank": _POST + b"Content-Length: 2 2\r\n\r\nab",
    "an empty length": _POST + b"Content-Length: \r\n\r\n" + SMUGGLED,
    "a hexadecimal length": _POST + b"Content-Length: 0x2\r\n\r\nab",
    "a length beyond all numbers": _POST + b"Content-Length: 99999999999999999999999\r\n\r\nab",
    "a chunk beyond all numbers": _CHUNKED + b"fffffffffffffffff2\r\nab\r\n0\r\n\r\n",
    "a chunk with 0x": _CHUNKED + b"0x2\r\nab\r\n0\r\n\r\n",
    "chunks with bare LF": _CHUNKED + b"2\nab\n0\n\n" + SMUGGLED,
    "an extension with bare LF": _CHUNKED + b"2;a\nb\r\nab\r\n0\r\n\r\n" + SMUGGLED,
    "a chunk that is longer": _CHUNKED + b"2\r\nabXX0\r\n\r\n" + SMUGGLED,
    "NUL in a value": _GET + b"A: b\0c\r\n\r\n",
    "CR in a value": _GET + b"A: b\rContent-Length: 9\r\n\r\n",
    "BEL in a value": _GET + b"A: b\x07c\r\n\r\n",
    "two hosts": _GET + b"Host: y\r\n\r\n",
    "no host": b"GET /p HTTP/1.1\r\n\r\n",
    "a host that is none": b"GET /p HTTP/1.1\r\nHost: x/../y\r\n\r\n",
    "another host in the target": b"GET http://evil/p HTTP/1.1\r\nHost: x\r\n\r\n",
    "a fold after the first line": b"GET /p HTTP/1.1\r\n Host: x\r\nHost: x\r\n\r\n",
    "a name with a blank": _GET + b"A b: c\r\n\r\n",
    "a name that is empty": _GET + b": c\r\n\r\n",
    "bare LF": b"GET /p HTTP/1.1\nHost: x\n\n",
    "version 1.9": b"GET /p HTTP/1.9\r\nHost: x\r\n\r\n",
    "version 2.0": b"GET /p HTTP/2.0\r\nHost: x\r\n\r\n",
    "no version": b"GET /p\r\nHost: x\r\n\r\n",
    "a blank in the target": b"GET /a b HTTP/1.1\r\nHost: x\r\n\r\n",
}

_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|([0nrt]))")
_LETTERS = {b"0": b"\0", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


@cache
def of_gunicorn(kept: Path) -> dict[str, bytes]:
    """Return what gunicorn's tests refuse, by file; empty where its sdist cannot be had.

    Args:
        kept: the folder that the sdist is downloaded to, once.
    """
    found = _sdist(kept)
    if found is None:
        return {}
    with tarfile.open(found) as archive:
        files = [each for each in archive if "/tests/requests/invalid/" in each.name]
        return {
            Path(file.name).name: _request(opened.read())
            for file in files
            if file.name.endswith(".http") and (opened := archive.extractfile(file))
        }


def _sdist(kept: Path) -> Path | None:
    if not list(kept.glob("gunicorn-*.tar.gz")):
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
        wanted = ["--no-binary", ":all:", "--dest", str(kept), "gunicorn"]
        subprocess.run([*command, *wanted], check=False, timeout=150, capture_output=True)
    return next(kept.glob("gunicorn-*.tar.gz"), None)


def _request(written: bytes) -> bytes:
    """Its files write line ends and other bytes as escapes, and their own line ends are none."""
    return _ESCAPE.sub(
        lambda found: bytes([int(found[1], 16)]) if found[1] else _LETTERS[found[2]],
        written.replace(b"\n", b""),
    )
