"""One article for its page at the desk, with all that its state follows from, by one statement."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from content.errors import ArticleMissing
from content.models import (
    Article,
    ArticleCount,
    ArticleLock,
    OfficialPost,
    Plan,
    Push,
    Revision,
    Submission,
)
from content.queries.desk_list import last_submission
from content.queries.scope import articles_within
from miniprogram_api.kernel.access import Principal
from miniprogram_api.sites.queries import find_site


@dataclass(frozen=True, slots=True)
class DeskArticle:
    """An article with its latest and its shown revision, its plan, and the text put forward last."""

    article: Article
    latest: Revision
    live: Revision | None
    plan: Plan | None
    submission: Submission | None
    counts: ArticleCount | None
    lock: ArticleLock | None
    sent: int  # ways on which it was sent out
    operator_id: UUID | None  # of its site, or its organisation
    site_name: str | None

    @property
    def has_changes(self) -> bool:
        """Whether what is worked on says something else than what is shown, or was shown last."""
        return self.live is not None and self.live.content_hash != self.latest.content_hash

    def may(self, principal: Principal, permission: str) -> bool:
        """Whether somebody holds a permission over it."""
        return principal.may_at(permission, site_id=self.article.site_id, organisation_id=self.operator_id)


def get_desk_article(
    session: Session, principal: Principal, article_id: UUID, *, now: datetime
) -> DeskArticle:
    """The article. Raises ArticleMissing outside the caller's scope, and of one in the bin."""
    latest, live = aliased(Revision), aliased(Revision)
    pushes = select(func.count()).select_from(Push).where(Push.article_id == Article.id)
    posts = select(func.count()).select_from(OfficialPost).where(OfficialPost.article_id == Article.id)
    wanted = (
        select(
            Article,
            latest,
            live,
            Plan,
            Submission,
            ArticleCount,
            ArticleLock,
            (pushes.scalar_subquery() + posts.scalar_subquery()).label("sent"),
        )
        .join(latest, and_(latest.article_id == Article.id, latest.number == Article.latest_number))
        .outerjoin(live, live.id == Article.live_revision_id)
        .outerjoin(Plan, Plan.article_id == Article.id)
        .outerjoin(Submission, Submission.id == last_submission())
        .outerjoin(ArticleCount, ArticleCount.article_id == Article.id)
        .outerjoin(ArticleLock, and_(ArticleLock.article_id == Article.id, ArticleLock.expires_at > now))
        .where(Article.id == article_id, Article.deleted_at.is_(None))
        .where(articles_within(principal, "content.view"))
    )
    row = session.execute(wanted).one_or_none()
    if row is None:
        raise ArticleMissing
    site = find_site(session, row[0].site_id) if row[0].site_id else None
    operator_id = site.operator_id if site is not None else row[0].organisation_id
    return DeskArticle(
        article=row[0],
        latest=row[1],
        live=row[2],
        plan=row[3],
        submission=row[4],
        counts=row[5],
        lock=row[6],
        sent=row.sent,
        operator_id=operator_id,
        site_name=site.name if site else None,
    )


def list_sent(session: Session, article_id: UUID) -> tuple[list[Push], list[OfficialPost]]:
    """How an article went out: to followers, and to the official account; the last first."""
    pushes = select(Push).where(Push.article_id == article_id).order_by(Push.requested_at.desc())
    posts = (
        select(OfficialPost)
        .where(OfficialPost.article_id == article_id)
        .order_by(OfficialPost.requested_at.desc())
    )
    return list(session.scalars(pushes.limit(5))), list(session.scalars(posts.limit(5)))
