"""What sites ask about articles: the port of `miniprogram_api.sites.articles`, answered here."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from content.queries.cards import list_of_site
from miniprogram_api.sites.articles import RelatedArticle

_MOST = 4


class WrittenArticles:
    """Articles as they are published."""

    def list_related(self, session: Session, site_id: UUID, *, now: datetime) -> Sequence[RelatedArticle]:
        return [
            RelatedArticle(
                id=card.id,
                kind=card.kind.value,
                title=card.title,
                summary=card.summary,
                cover=_small(card.cover.sizes, card.cover.file_name) if card.cover else None,
                published_at=card.published_at,
            )
            for card in list_of_site(session, site_id, limit=_MOST, now=now)
        ]


def _small(sizes: Sequence[tuple[str, int]], whole: str) -> str:
    """The narrowest there is."""
    return min(sizes, key=lambda size: size[1])[0] if sizes else whole
