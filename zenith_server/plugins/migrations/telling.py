"""What migrations say while a command runs them goes to standard error."""

from __future__ import annotations

import logging
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def told() -> Generator[None]:
    """Print the progress of migrations; what the command returns stays alone on standard output."""
    logger = logging.getLogger("zenith_server.migrations")
    handler, level = logging.StreamHandler(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
