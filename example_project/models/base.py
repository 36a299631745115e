"""What all models share."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, ForeignKey, MetaData, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, mapped_column

# A migration can only change a constraint that has a name.
NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    metadata = MetaData(naming_convention=NAMES)
    type_annotation_map = {datetime: DateTime(timezone=True), str: Text}  # noqa: RUF012


def now() -> datetime:
    return datetime.now(UTC)


class Dated:
    """Adds when a row was made and when it was last changed, in UTC."""

    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(
        default=lambda row: row.get_current_parameters()["created_at"], onupdate=now
    )


def belongs_to(table: str, **options: Any) -> MappedColumn[int]:
    """A column with the id of a row in another table; it goes when that row goes."""
    return mapped_column(ForeignKey(f"{table}.id", ondelete="CASCADE"), **options)
