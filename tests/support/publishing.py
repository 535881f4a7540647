"""The way of an article from its writer over its reviewers to the public, by the services of life."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from content.models import Article, Plan, Submission, SubmissionState
from content.queries.submissions import find_standing_submission
from content.rules.drafts import Draft
from content.rules.review import step_due
from content.service import drafting, publishing, reviewing
from content.service.drafting import Saved
from content.service.managed import latest_revision
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.clock import now as clock_now
from tests.factories.content import make_article, make_asset, make_draft
from tests.factories.staff import make_staff


@dataclass(frozen=True, slots=True)
class Desk:
    """Who works on content: one who writes, three who review, of whom the first publishes."""

    writer: UUID
    reviewers: tuple[UUID, UUID, UUID]
    cover: UUID

    @property
    def publisher(self) -> UUID:
        return self.reviewers[0]


def make_desk(session: Session) -> Desk:
    """People of the city's desk, and a picture for their covers."""
    writer = make_staff(session, role=Role.EDITOR).id
    first, second, third = (make_staff(session, role=Role.REVIEWER).id for _ in range(3))
    return Desk(writer, (first, second, third), make_asset(session, staff_id=writer).id)


def staff_actor(staff_id: UUID) -> Actor:
    """Somebody on the staff, as the trail names them."""
    return Actor(kind="staff", id=str(staff_id))


def write_article(
    session: Session,
    desk: Desk,
    *,
    topics: Iterable[UUID] = (),
    sites: Iterable[UUID] = (),
    organisation_id: UUID | None = None,
    site_id: UUID | None = None,
    draft: Draft | None = None,
    **values: Any,
) -> Article:
    """An article that could be submitted; `values` are those of the draft."""
    given = draft or make_draft(
        **{
            "cover_asset_id": str(desk.cover),
            "topic_ids": [str(each) for each in topics],
            "site_ids": [str(each) for each in sites],
        }
        | values
    )
    return make_article(
        session, given, writer_id=desk.writer, organisation_id=organisation_id, site_id=site_id
    )


def submit(session: Session, desk: Desk, article: Article) -> Submission:
    """Its latest text, put forward by its writer."""
    actor = staff_actor(desk.writer)
    return reviewing.submit_article(session, article, staff_id=desk.writer, actor=actor, now=clock_now())


def approve(session: Session, desk: Desk, article: Article, submission: Submission) -> None:
    """All steps that are left, each by another reviewer."""
    while submission.state is SubmissionState.OPEN:
        reviewer = desk.reviewers[submission.approved_steps]
        reviewing.approve_step(
            session,
            article,
            content_hash=submission.content_hash,
            step=step_due(submission.approved_steps),
            reviewer_id=reviewer,
            actor=staff_actor(reviewer),
            now=clock_now(),
        )


def approved_article(session: Session, desk: Desk, **values: Any) -> Article:
    """An article that waits to be published."""
    article = write_article(session, desk, **values)
    approve(session, desk, article, submit(session, desk, article))
    return article


def publish(session: Session, desk: Desk, article: Article, **terms: Any) -> None:
    """What was approved of it, now."""
    publishing.publish_now(session, article, **_by_publisher(session, desk, article), **terms)


def schedule(session: Session, desk: Desk, article: Article, at: datetime, **terms: Any) -> Plan:
    """What was approved of it, at an instant."""
    by = _by_publisher(session, desk, article)
    return publishing.schedule_article(session, article, publish_at=at, **by, **terms)


def _by_publisher(session: Session, desk: Desk, article: Article) -> dict[str, Any]:
    """Who publishes has looked at what is under review."""
    seen = find_standing_submission(session, article.id)
    return {
        "content_hash": seen.content_hash if seen else "",
        "staff_id": desk.publisher,
        "actor": staff_actor(desk.publisher),
        "now": clock_now(),
    }


def publish_article(
    session: Session,
    *,
    desk: Desk | None = None,
    pinned_until: datetime | None = None,
    expires_at: datetime | None = None,
    push: bool = False,
    official: bool = False,
    **values: Any,
) -> Article:
    """An article that the public sees; `values` are those of `write_article`, `desk` saves making people."""
    desk = desk or make_desk(session)
    article = approved_article(session, desk, **values)
    publish(
        session,
        desk,
        article,
        pinned_until=pinned_until,
        expires_at=expires_at,
        push=push,
        official=official,
    )
    return article


def rewrite(
    session: Session,
    article: Article,
    *,
    by: UUID,
    base_number: int | None = None,
    autosaved: bool = False,
    **changes: Any,
) -> Saved:
    """Save its latest text with changes."""
    draft = replace(drafting.draft_of(latest_revision(session, article)), **changes)
    return drafting.save_revision(
        session,
        article,
        draft,
        base_number=article.latest_number if base_number is None else base_number,
        staff_id=by,
        actor=staff_actor(by),
        autosaved=autosaved,
        now=clock_now(),
    )
