"""A command line that cannot be followed."""


class UsageError(Exception):
    """The words of the command line cannot be followed; the text says why."""
