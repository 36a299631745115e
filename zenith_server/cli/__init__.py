"""The command line: one file per command; whatever is slow to import waits until it is needed."""

from zenith_server.cli.main import command_line

__all__ = ["command_line"]
