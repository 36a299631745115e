"""Parts of a long list, as a handler returns them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A page by its number.

    Args:
        items: what stands on it.
        number: which page, from 1.
        size: how many items a full page has.
        total: how many items there are on all pages.

    Example:
        >>> async def get(page: int = 1) -> Page[ArticleOut]:
        ...     return await Article.where(is_draft=False).order_by("-id").page(page)
    """

    items: Sequence[T]
    number: int
    size: int
    total: int


@dataclass(frozen=True, slots=True)
class Slice(Generic[T]):
    """The items behind a cursor.

    Args:
        items: the items.
        next: the cursor of the next slice, or nothing after the last one.

    Example:
        >>> async def get(after: str | None = None) -> Slice[ArticleOut]:
        ...     return await Article.where(is_draft=False).order_by("-id").slice(after)
    """

    items: Sequence[T]
    next: str | None
