"""What single values may be. Nothing that the database cannot hold gets past these types."""

from datetime import datetime
from typing import Annotated

from msgspec import Meta

TEXT = r"^[^\x00]*\Z"  # PostgreSQL stores every character but NUL

Id = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Username = Annotated[str, Meta(max_length=64, pattern=r"^\w[\w.-]*\Z")]
Email = Annotated[str, Meta(max_length=254, pattern=r"^[^@\x00-\x20]+@[^@\x00-\x20]+\Z")]
Password = Annotated[str, Meta(min_length=8, max_length=256)]
TagName = Annotated[str, Meta(min_length=1, max_length=50, pattern=TEXT)]
Title = Annotated[str, Meta(min_length=1, max_length=200, pattern=TEXT)]
Line = Annotated[str, Meta(max_length=2000, pattern=TEXT)]
Text = Annotated[str, Meta(min_length=1, max_length=100_000, pattern=TEXT)]


def timestamp(moment: datetime) -> str:
    """Return a moment in UTC as JavaScript writes it: 2026-01-31T12:00:00.000Z."""
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"
