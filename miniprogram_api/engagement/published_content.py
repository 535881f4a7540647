"""The port through which published content is listed for partners; until it is connected there is none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.orm import Session

from miniprogram_api.kernel.paging import Page, decode_cursor


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedContent:
    """A piece of content, told by what it is and where, never in full."""

    id: str
    project_ids: Sequence[str]
    kind: str
    title: str
    url: str
    sha256: str
    published_at: datetime
    withdrawn_at: datetime | None


class ContentList(Protocol):
    """Whoever knows what was published."""

    def list_published(self, session: Session, *, limit: int, cursor: str | None) -> Page[PublishedContent]:
        """One page, what was withdrawn included. Raises InvalidCursor."""
        ...

    def find_published(self, session: Session, content_id: str) -> PublishedContent | None:
        """One piece, if it was ever published."""
        ...


class NoContent:
    """Nothing was ever published."""

    def list_published(self, session: Session, *, limit: int, cursor: str | None) -> Page[PublishedContent]:
        if cursor is not None:
            decode_cursor(cursor)
        return Page([], None)

    def find_published(self, session: Session, content_id: str) -> PublishedContent | None:
        return None


class _Connected:
    content: ContentList = NoContent()


def use(content: ContentList) -> None:
    """Connect the implementation; the composition root does, and tests do."""
    _Connected.content = content


def current() -> ContentList:
    """Whoever answers now."""
    return _Connected.content
