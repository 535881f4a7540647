"""What content adds to engagement: its figures of days, and the list of what was published."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from content.queries import published
from content.rules.addresses import article_path
from miniprogram_api.engagement.contributions import SiteDay, contributes
from miniprogram_api.engagement.published_content import PublishedContent
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.paging import Page
from miniprogram_api.sites.queries import exchange


@contributes("content", figures=("content_published", "content_views"))
class ContentOfDays:
    """Articles about a site that came out on a day, and how often such were read on it."""

    @staticmethod
    def count(session: Session, days: Collection[SiteDay]) -> Mapping[SiteDay, Mapping[str, Any]]:
        """Both figures of every day: nothing is a zero, for whoever counts knows it."""
        found = published.figures_of(session, days)
        none = published.SiteFigures(0, 0)
        figures = {day: found.get(day, none) for day in days}
        return {
            day: {"content_published": counted.published, "content_views": counted.reads}
            for day, counted in figures.items()
        }


class PublishedArticles:
    """Articles as partners are told of them; `base` is the address under which this installation is known."""

    def __init__(self, base: str) -> None:
        self._base = base.rstrip("/")

    def list_published(self, session: Session, *, limit: int, cursor: str | None) -> Page[PublishedContent]:
        """One page, what was withdrawn included, in two statements. Raises InvalidCursor."""
        found = published.list_published(session, limit=limit, cursor=cursor, now=clock.now())
        return Page(self._told(session, found.items), found.next_cursor)

    def find_published(self, session: Session, content_id: str) -> PublishedContent | None:
        """One piece, if it was ever published."""
        found = published.find_published(session, UUID(content_id), now=clock.now())
        return None if found is None else self._told(session, [found])[0]

    def _told(self, session: Session, articles: Sequence[published.Published]) -> list[PublishedContent]:
        sites = {site_id for article in articles for site_id in article.site_ids}
        projects = exchange.find_projects(session, sites) if sites else {}
        return [
            PublishedContent(
                id=str(article.id),
                project_ids=sorted(
                    projects[each].project_id for each in article.site_ids if each in projects
                ),
                kind=article.kind.value,
                title=article.title,
                url=f"{self._base}{article_path(article.id)}",
                sha256=article.content_hash,
                published_at=article.published_at,
                withdrawn_at=article.withdrawn_at,
            )
            for article in articles
        ]
