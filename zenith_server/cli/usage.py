"""A command line that cannot be followed."""

from __future__ import annotations


class UsageError(Exception):
    """The words of the command line cannot be followed; the text says why."""
