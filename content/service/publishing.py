"""Publishing: now or at an instant, for a while or for good, above the others, and no longer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from content.errors import (
    InstantRefused,
    NoPlan,
    NotApproved,
    NothingNew,
    NotLive,
    PlanStands,
    TextChanged,
)
from content.events import (
    ArticlePublished,
    ArticleRetracted,
    ArticleScheduled,
    ArticleUnscheduled,
    ExpiryChanged,
    PinChanged,
)
from content.models import Article, Plan, Revision, Standing, Submission, SubmissionState
from content.queries.submissions import find_standing_submission, has_passed
from content.rules.publishing import check_window, instant_text
from content.service.asset_uses import follow_uses
from content.service.managed import note_article
from content.service.showing import hide, show
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import FieldError, Invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How long something is shown and pinned, and whom it is told to besides."""

    pinned_until: datetime | None = None
    expires_at: datetime | None = None
    push: bool = False
    official: bool = False


def publish_now(
    session: Session,
    article: Article,
    *,
    content_hash: str,
    staff_id: UUID,
    pinned_until: datetime | None = None,
    expires_at: datetime | None = None,
    push: bool = False,
    official: bool = False,
    actor: Actor,
    now: datetime,
    principal: Principal | None = None,
) -> Revision:
    """Show what review has approved of a locked article, in place of what is shown, at once.

    `content_hash` is of the text that the publisher looked at. An update keeps the article's place in lists,
    and its pin and expiry unless others are given. A plan for the same text is done with it. Pinning takes a
    `principal` who publishes for the whole city; without one it is the system's. Raises NotApproved,
    TextChanged, NothingNew, InstantRefused, PlanStands of another text.
    """
    check_window(now=now, publish_at=None, pinned_until=pinned_until, expires_at=expires_at)
    if pinned_until is not None:
        _check_pinning(principal)
    revision = _approved(session, article, content_hash)
    plan = session.get(Plan, article.id)
    if plan is not None and plan.revision_id != revision.id:
        raise PlanStands(publish_at=instant_text(plan.publish_at))
    terms = Terms(pinned_until=pinned_until, expires_at=expires_at, push=push, official=official)
    publish_revision(session, article, revision, terms, decided_by=staff_id, actor=actor, now=now)
    return revision


def publish_revision(
    session: Session,
    article: Article,
    revision: Revision,
    terms: Terms,
    *,
    decided_by: UUID,
    actor: Actor,
    now: datetime,
) -> None:
    """Show a revision of a locked article and end its plan. Raises NotApproved unless its text has passed."""
    if not has_passed(session, article.id, revision.content_hash):
        raise NotApproved
    plan = session.get(Plan, article.id)
    if plan is not None:
        session.delete(plan)
        session.flush()
    first = article.published_at is None
    before = {"standing": article.standing.value, "revision_id": _text(article.live_revision_id)}
    _set_ends(article, terms, now=now)
    show(session, article, revision, now=now)
    told = ArticlePublished(
        article_id=str(article.id),
        revision_id=str(revision.id),
        first=first,
        push=terms.push,
        official=terms.official,
        decided_by=str(decided_by),
    )
    after = {
        "revision_number": revision.number,
        "revision_id": str(revision.id),
        "content_hash": revision.content_hash,
        "pinned_until": _instant(article.pinned_until),
        "expires_at": _instant(article.expires_at),
        "push": terms.push,
        "official": terms.official,
    }
    note_article(
        session, article, action="publish_article", event=told, actor=actor, before=before, after=after
    )


def schedule_article(
    session: Session,
    article: Article,
    *,
    publish_at: datetime,
    content_hash: str,
    staff_id: UUID,
    pinned_until: datetime | None = None,
    expires_at: datetime | None = None,
    push: bool = False,
    official: bool = False,
    actor: Actor,
    now: datetime,
    principal: Principal | None = None,
) -> Plan:
    """Plan what review has approved of a locked article for an instant, in place of an earlier plan.

    `content_hash` is of the text that the publisher looked at. The plan names the revision: whatever is
    written meanwhile, that is published. Pinning is as in `publish_now`. Raises NotApproved, TextChanged,
    NothingNew, InstantRefused.
    """
    check_window(now=now, publish_at=publish_at, pinned_until=pinned_until, expires_at=expires_at)
    if pinned_until is not None:
        _check_pinning(principal)
    revision = _approved(session, article, content_hash)
    plan = session.get(Plan, article.id)
    before = None if plan is None else _plan_facts(plan)
    if plan is None:
        plan = Plan(article_id=article.id)
        session.add(plan)
    plan.revision_id, plan.publish_at, plan.next_attempt_at = revision.id, publish_at, publish_at
    plan.pinned_until, plan.expires_at, plan.push, plan.official = pinned_until, expires_at, push, official
    plan.planned_by, plan.planned_at = staff_id, now
    plan.attempts, plan.failure, plan.failed_at = 0, None, None
    session.flush()
    follow_uses(session, article)
    told = ArticleScheduled(str(article.id), str(revision.id), instant_text(publish_at))
    after = _plan_facts(plan)
    note_article(
        session, article, action="schedule_article", event=told, actor=actor, before=before, after=after
    )
    return plan


def unschedule_article(session: Session, article: Article, *, actor: Actor) -> None:
    """Take a locked article off its plan; its approval stands. Raises NoPlan."""
    plan = session.get(Plan, article.id)
    if plan is None:
        raise NoPlan
    before = _plan_facts(plan)
    told = ArticleUnscheduled(str(article.id), str(plan.revision_id))
    session.delete(plan)
    session.flush()
    follow_uses(session, article)
    note_article(session, article, action="unschedule_article", event=told, actor=actor, before=before)


def retract_article(session: Session, article: Article, *, reason: str, actor: Actor, now: datetime) -> None:
    """Show a locked article no longer, at once and everywhere; its page says so, and why.

    What was planned for it goes too, and the approval of what was shown: nothing comes back by itself. Raises
    NotLive, Invalid without a reason.
    """
    kept = reason.strip()
    if not kept:
        raise Invalid(fields=[FieldError("reason", "content.reason_missing")])
    if article.standing not in (Standing.LIVE, Standing.EXPIRED):
        raise NotLive
    before: dict[str, Any] = {"standing": article.standing.value}
    plan = session.get(Plan, article.id)
    if plan is not None:
        before |= _plan_facts(plan)
        session.delete(plan)
    submission = _approval_of_shown(session, article)
    if submission is not None:
        submission.state, submission.state_at = SubmissionState.WITHDRAWN, now
    article.standing, article.retracted_at = Standing.RETRACTED, now
    article.retract_reason, article.expires_at = kept[:200], None
    session.flush()
    hide(session, article)
    told = ArticleRetracted(str(article.id))
    note_article(
        session, article, action="retract_article", event=told, actor=actor, before=before, reason=kept
    )


def set_pin(
    session: Session,
    article: Article,
    *,
    until: datetime | None,
    actor: Actor,
    now: datetime,
    principal: Principal | None = None,
) -> None:
    """Let a locked article stand above the others until an instant, or (None) no longer.

    Who may is as in `publish_now`. Raises NotLive, InstantRefused.
    """
    _check_pinning(principal)
    if article.standing is not Standing.LIVE:
        raise NotLive
    check_window(now=now, publish_at=None, pinned_until=until, expires_at=None)
    before = {"pinned_until": _instant(article.pinned_until)}
    article.pinned, article.pinned_until = until is not None, until
    told = PinChanged(str(article.id), _instant(until))
    after = {"pinned_until": _instant(until)}
    note_article(session, article, action="set_pin", event=told, actor=actor, before=before, after=after)


def set_expiry(
    session: Session, article: Article, *, at: datetime | None, actor: Actor, now: datetime
) -> None:
    """Show a locked article until an instant, or (None) without an end. Raises NotLive, InstantRefused."""
    if article.standing is not Standing.LIVE:
        raise NotLive
    check_window(now=now, publish_at=None, pinned_until=None, expires_at=at)
    before = {"expires_at": _instant(article.expires_at)}
    article.expires_at = at
    told = ExpiryChanged(str(article.id), _instant(at))
    after = {"expires_at": _instant(at)}
    note_article(session, article, action="set_expiry", event=told, actor=actor, before=before, after=after)


def may_pin(principal: Principal) -> bool:
    """Whether somebody may pin: a pin stands in the list of the whole city."""
    return principal.may_at("content.publish", site_id=None, organisation_id=None)


def _check_pinning(principal: Principal | None) -> None:
    if principal is not None and not may_pin(principal):
        raise InstantRefused(fields=[FieldError("pinned_until", "content.pin_not_yours")])


def _approved(session: Session, article: Article, content_hash: str) -> Revision:
    """The revision that review has passed, of the text that was looked at, and that is not shown already."""
    submission = find_standing_submission(session, article.id)
    if submission is None or submission.state is not SubmissionState.APPROVED:
        raise NotApproved
    if submission.content_hash != content_hash:
        raise TextChanged(content_hash=submission.content_hash)
    if article.standing is Standing.LIVE and submission.revision_id == article.live_revision_id:
        raise NothingNew
    return session.get_one(Revision, submission.revision_id)


def _approval_of_shown(session: Session, article: Article) -> Submission | None:
    submission = find_standing_submission(session, article.id)
    shown = session.get(Revision, article.live_revision_id)
    same = submission is not None and shown is not None and submission.content_hash == shown.content_hash
    return submission if same else None


def _set_ends(article: Article, terms: Terms, *, now: datetime) -> None:
    """A pin and an expiry that still hold are kept by an update that names no others."""
    if article.standing is not Standing.LIVE:
        article.pinned_until = article.expires_at = None
    if terms.pinned_until is not None or article.pinned_until is None or article.pinned_until <= now:
        article.pinned_until = terms.pinned_until
    # A plan that was carried out late may name a pin that is over.
    article.pinned = article.pinned_until is not None and article.pinned_until > now
    article.pinned_until = article.pinned_until if article.pinned else None
    if terms.expires_at is not None or article.expires_at is None or article.expires_at <= now:
        article.expires_at = terms.expires_at


def _plan_facts(plan: Plan) -> dict[str, Any]:
    return {
        "revision_id": str(plan.revision_id),
        "publish_at": instant_text(plan.publish_at),
        "pinned_until": _instant(plan.pinned_until),
        "expires_at": _instant(plan.expires_at),
        "push": plan.push,
        "official": plan.official,
    }


def _instant(at: datetime | None) -> str | None:
    return None if at is None else instant_text(at)


def _text(id_: UUID | None) -> str | None:
    return None if id_ is None else str(id_)
