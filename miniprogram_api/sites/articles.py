"""The port through which the page of a site learns which articles are about it.

Content stands above sites and must not be imported here. The application connects the two with `use()`; until
it does, there are none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from sqlalchemy.orm import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class RelatedArticle:
    """An article as the page of a site names it; `cover` is a file under /media."""

    id: UUID
    kind: str
    title: str
    summary: str
    cover: str | None
    published_at: datetime


class Articles(Protocol):
    """Whoever knows what is written."""

    def list_related(self, session: Session, site_id: UUID, *, now: datetime) -> Sequence[RelatedArticle]:
        """The newest few articles about a site, in one statement."""
        ...


class NoArticles:
    """Nothing is written."""

    def list_related(self, session: Session, site_id: UUID, *, now: datetime) -> Sequence[RelatedArticle]:
        return ()


class _Connected:
    articles: Articles = NoArticles()


def use(articles: Articles) -> None:
    """Connect the implementation; the composition root does, and tests do."""
    _Connected.articles = articles


def current() -> Articles:
    return _Connected.articles
