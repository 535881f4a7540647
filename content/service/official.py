"""An article's way into the official account: claimed, sent outside every transaction, and settled.

Whoever dies in between leaves it claimed; it is then unknown whether it arrived, and it is never sent again
by itself. A draft there, a publication queued, and its result are each written down once they are known.

`attempts` counts the claims of a post for good, so that no late note is taken for that of another claim;
`tries` counts those of the step that it is at, for how long to wait.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from content.errors import OfficialNotOpen
from content.events import OfficialPostChanged
from content.models import Article, Asset, OfficialMedia, OfficialPost, OfficialState, Revision, Standing
from content.rules import official as rules
from content.service.managed import note_article
from miniprogram_api.kernel.audit import SYSTEM, Actor
from miniprogram_api.kernel.db import execute_counting, is_sqlite
from miniprogram_api.kernel.ids import new_id

MAX_ATTEMPTS = 8
LEASE = timedelta(minutes=10)
_LONGEST_WAIT = timedelta(hours=1)
_NO_RESULT_AFTER = timedelta(days=3)
_OPEN_AGAIN = (OfficialState.FAILED, OfficialState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A post that is ours to send; with a media id its draft is there, and it is to be published."""

    id: UUID
    attempt: int
    tries: int
    media_id: str | None
    publish: bool
    revision: Revision
    cover: Asset | None


@dataclass(frozen=True, slots=True)
class Queued:
    """A publication whose result is not known."""

    id: UUID
    publish_id: str


def request_post(
    session: Session,
    *,
    article_id: UUID,
    revision_id: UUID,
    publish: bool,
    staff_id: UUID,
    actor: Actor,
    now: datetime,
) -> bool:
    """Have a revision sent to the official account; returns whether that is new: each is sent once."""
    make = sqlite.insert if is_sqlite(session) else postgresql.insert
    post = make(OfficialPost).values(
        id=new_id(),
        article_id=article_id,
        revision_id=revision_id,
        publish=publish,
        state=OfficialState.PENDING,
        attempts=0,
        tries=0,
        next_attempt_at=now,
        requested_by=staff_id,
        requested_at=now,
        state_at=now,
    )
    once = post.on_conflict_do_nothing(index_elements=["article_id", "revision_id"])
    post_id = session.scalar(once.returning(OfficialPost.id))
    if post_id is None:
        return False
    told = OfficialPostChanged(str(article_id), OfficialState.PENDING.value)
    article = session.get_one(Article, article_id)
    after = {"revision_id": str(revision_id), "official_publish": publish}
    note_article(session, article, action="send_to_official", event=told, actor=actor, after=after)
    return True


def find_open(session: Session, article_id: UUID) -> OfficialPost | None:
    """The latest post of an article, if it failed or is unknown: people may begin anew with it."""
    latest = select(OfficialPost).where(OfficialPost.article_id == article_id)
    post = session.scalars(latest.order_by(OfficialPost.requested_at.desc(), OfficialPost.id.desc())).first()
    return post if post is not None and post.state in _OPEN_AGAIN else None


def send_again(session: Session, post_id: UUID, *, actor: Actor, now: datetime) -> bool:
    """Somebody has looked there: begin anew with what failed or is unknown. Raises OfficialNotOpen.

    What is no longer shown is over instead; returns whether it was taken up.
    """
    lock = select(OfficialPost).where(OfficialPost.id == post_id).with_for_update()
    post = session.scalars(lock.execution_options(populate_existing=True)).one()
    if post.state not in _OPEN_AGAIN:
        raise OfficialNotOpen
    if not is_shown(session, post.article_id, post.revision_id):
        _end_not_shown(session, post, actor=actor, now=now)
        return False
    post.media_id = post.publish_id = post.url = None
    post.tries, post.next_attempt_at = 0, now
    _move(session, post, OfficialState.PENDING, None, actor=actor, now=now)
    return True


def is_shown(session: Session, article_id: UUID, revision_id: UUID) -> bool:
    """Whether this very text is what the article shows: one taken back or replaced goes nowhere."""
    article = session.get_one(Article, article_id, populate_existing=True)
    return article.standing is Standing.LIVE and article.live_revision_id == revision_id


def claim(session: Session, *, now: datetime) -> Claimed | None:
    """Take the next post that is due: for a draft, or for the publication of one that is there.

    One whose text is no longer shown ends here; what somebody claimed long ago is unknown.
    """
    _end_abandoned(session, now)
    while True:
        post = _lock_next(session, now)
        if post is None:
            return None
        if not is_shown(session, post.article_id, post.revision_id):
            _end_not_shown(session, post, now=now)
            continue
        post.attempts, post.tries, post.next_attempt_at = post.attempts + 1, post.tries + 1, now + LEASE
        _move(session, post, OfficialState.SENDING, None, now=now)
        revision = session.get_one(Revision, post.revision_id)
        cover = None if revision.cover_asset_id is None else session.get(Asset, revision.cover_asset_id)
        return Claimed(post.id, post.attempts, post.tries, post.media_id, post.publish, revision, cover)


def note_draft(session: Session, claimed: Claimed, media_id: str, *, now: datetime) -> None:
    """The draft is there; if it is to be published, that is due at once."""
    post = _lock_claimed(session, claimed)
    if post is not None:
        post.media_id, post.tries = media_id, 0
        post.next_attempt_at = now if post.publish else None
        _move(session, post, OfficialState.DRAFT, None, now=now)


def note_queued(session: Session, claimed: Claimed, publish_id: str, *, now: datetime) -> None:
    """WeChat was asked to publish it: that is not the result."""
    post = _lock_claimed(session, claimed)
    if post is not None:
        post.publish_id, post.tries = publish_id, 0
        post.next_attempt_at = now + timedelta(minutes=2)
        _move(session, post, OfficialState.QUEUED, None, now=now)


def note_unpublishable(session: Session, claimed: Claimed, outcome: str, *, now: datetime) -> None:
    """The account may not publish by itself: the draft stays there, for people to publish."""
    post = _lock_claimed(session, claimed)
    if post is not None:
        post.next_attempt_at = None
        _move(session, post, OfficialState.DRAFT, outcome, now=now)


def settle(session: Session, claimed: Claimed, state: OfficialState, outcome: str, *, now: datetime) -> None:
    """Write down that it failed, or that nobody knows."""
    post = _lock_claimed(session, claimed)
    if post is not None:
        post.next_attempt_at = None
        _move(session, post, state, outcome, now=now)


def postpone(session: Session, claimed: Claimed, outcome: str, *, now: datetime) -> None:
    """It was certainly not taken: try later, or give up in the end."""
    post = _lock_claimed(session, claimed)
    if post is None:
        return
    if claimed.tries >= MAX_ATTEMPTS:
        post.next_attempt_at = None
        _move(session, post, OfficialState.FAILED, outcome, now=now)
        return
    post.next_attempt_at = now + min(timedelta(minutes=2 ** (claimed.tries - 1)), _LONGEST_WAIT)
    state = OfficialState.DRAFT if claimed.media_id else OfficialState.PENDING
    _move(session, post, state, outcome, now=now)


def note_result(session: Session, *, publish_id: str, status: int, url: str, now: datetime) -> bool:
    """How a publication ended, told by push or by poll, whichever comes first; returns whether it is news."""
    lock = select(OfficialPost).where(OfficialPost.publish_id == publish_id).with_for_update()
    post = session.scalars(lock.execution_options(populate_existing=True)).one_or_none()
    if post is None or status == rules.RUNNING:
        return False
    state = OfficialState.PUBLISHED if status == rules.DONE else OfficialState.FAILED
    outcome = None if status == rules.DONE else rules.outcome_of(status)
    # What was published may be taken down there later, and that is news; the reverse never happens.
    if (post.state, post.outcome) == (state, outcome) or post.state is OfficialState.FAILED:
        return False
    post.url, post.next_attempt_at = url or post.url, None
    _move(session, post, state, outcome, now=now)
    return True


def list_queued(session: Session, *, now: datetime, limit: int = 50) -> list[Queued]:
    """The publications to ask about now, each asked about ever more seldom, and given up after three days."""
    due = (
        select(OfficialPost)
        .where(OfficialPost.state == OfficialState.QUEUED, OfficialPost.next_attempt_at <= now)
        .order_by(OfficialPost.next_attempt_at, OfficialPost.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = []
    for post in session.scalars(due.execution_options(populate_existing=True)).all():
        if post.publish_id is None or post.state_at <= now - _NO_RESULT_AFTER:
            post.next_attempt_at = None
            _move(session, post, OfficialState.UNKNOWN, "no_result", now=now)
            continue
        post.tries += 1
        post.next_attempt_at = now + min(timedelta(minutes=2**post.tries), _LONGEST_WAIT)
        found.append(Queued(post.id, post.publish_id))
    session.flush()
    return found


def list_media(session: Session, asset_ids: Sequence[UUID], *, use: str) -> dict[UUID, str]:
    """The pictures that the account has already, by asset."""
    kept = select(OfficialMedia).where(OfficialMedia.asset_id.in_(asset_ids), OfficialMedia.use == use)
    return {media.asset_id: media.reference for media in session.scalars(kept)} if asset_ids else {}


def keep_media(session: Session, asset_id: UUID, *, use: str, reference: str, now: datetime) -> None:
    """The account has a picture; the first one to say so is right."""
    make = sqlite.insert if is_sqlite(session) else postgresql.insert
    media = make(OfficialMedia).values(asset_id=asset_id, use=use, reference=reference, uploaded_at=now)
    session.execute(media.on_conflict_do_nothing(index_elements=["asset_id", "use"]))


def forget_media(session: Session, asset_id: UUID, *, use: str) -> None:
    """The account does not know a picture any more: it is uploaded anew."""
    media = session.get(OfficialMedia, (asset_id, use))
    if media is not None:
        session.delete(media)


def _lock_next(session: Session, now: datetime) -> OfficialPost | None:
    due = (
        select(OfficialPost)
        .where(
            or_(
                OfficialPost.state == OfficialState.PENDING,
                and_(OfficialPost.state == OfficialState.DRAFT, OfficialPost.publish),
            ),
            OfficialPost.next_attempt_at <= now,
        )
        .order_by(OfficialPost.next_attempt_at, OfficialPost.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return session.scalars(due.execution_options(populate_existing=True)).one_or_none()


def _lock_claimed(session: Session, claimed: Claimed) -> OfficialPost | None:
    # Also when the lease ran out meanwhile: what really happened is known better here.
    mine = select(OfficialPost).where(
        OfficialPost.id == claimed.id,
        OfficialPost.attempts == claimed.attempt,
        OfficialPost.state.in_((OfficialState.SENDING, OfficialState.UNKNOWN)),
    )
    locked = mine.with_for_update().execution_options(populate_existing=True)
    return session.scalars(locked).one_or_none()


def _end_not_shown(session: Session, post: OfficialPost, *, actor: Actor = SYSTEM, now: datetime) -> None:
    post.next_attempt_at = None
    _move(session, post, OfficialState.FAILED, "not_shown", actor=actor, now=now)


def _end_abandoned(session: Session, now: datetime) -> None:
    abandoned = update(OfficialPost).where(
        OfficialPost.state == OfficialState.SENDING, OfficialPost.next_attempt_at <= now
    )
    unknown = {"state": OfficialState.UNKNOWN, "outcome": "abandoned", "state_at": now}
    execute_counting(session, abandoned.values({**unknown, "next_attempt_at": None}))


def _move(
    session: Session,
    post: OfficialPost,
    state: OfficialState,
    outcome: str | None,
    *,
    actor: Actor = SYSTEM,
    now: datetime,
) -> None:
    """Set the state; whoever looks at the article's trail sees each but the claiming."""
    before, post.state, post.outcome, post.state_at = post.state, state, outcome, now
    if state is OfficialState.SENDING:
        session.flush()
        return
    note_article(
        session,
        session.get_one(Article, post.article_id),
        action="advance_official",
        event=OfficialPostChanged(str(post.article_id), state.value),
        actor=actor,
        before={"official_state": before.value},
        after={"official_state": state.value, "outcome": outcome},
    )
