"""Where we stand in the feed: who may pull and when, and a page taken over together with its cursor."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import execute_counting, is_sqlite
from miniprogram_api.registry.events_feed import SnapshotTaken
from miniprogram_api.registry.models.feed import THE_FEED, Feed
from miniprogram_api.registry.rules.pulling import DICTIONARIES_EVERY, wait_after
from miniprogram_api.registry.rules.records import Reading
from miniprogram_api.registry.service import codes
from miniprogram_api.registry.service.taking_over import REGISTRY, Outcome, take_over_all
from miniprogram_api.registry.sources.port import ChangePage, SnapshotPage

LEASE = timedelta(seconds=150)


class LeaseLost(Exception):
    """Another puller has taken over; nothing of this page was kept."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where to read on. Without a cursor, or when a resync is wanted, that is a snapshot."""

    feed_epoch: str | None
    cursor: str | None
    snapshot_id: str | None
    snapshot_cursor: str | None
    resync_wanted: bool
    dictionaries_wanted: bool

    @property
    def in_snapshot(self) -> bool:
        return self.resync_wanted or self.snapshot_id is not None or self.cursor is None


def ensure_feed(session: Session, *, now: datetime) -> None:
    """Make the one row of the feed if it is not there."""
    insert = sqlite.insert if is_sqlite(session) else postgresql.insert
    row = insert(Feed).values(
        id=THE_FEED,
        rung=False,
        resync_wanted=False,
        dictionaries_wanted=True,
        comparison_wanted=False,
        failures=0,
        next_attempt_at=now,
        began_at=now,
    )
    session.execute(row.on_conflict_do_nothing(index_elements=["id"]))


def find_feed(session: Session) -> Feed | None:
    """The row of the feed; None before the first pull."""
    return session.get(Feed, THE_FEED, populate_existing=True)


def claim(session: Session, *, lease: str, now: datetime, due_only: bool) -> Position | None:
    """Become the one who pulls; None when somebody else does, or it is not time yet."""
    ensure_feed(session, now=now)
    mine = update(Feed).where(
        Feed.id == THE_FEED,
        or_(Feed.leased_until.is_(None), Feed.leased_until < now),
    )
    if due_only:
        mine = mine.where(Feed.next_attempt_at <= now)
    if not execute_counting(session, mine.values(lease=lease, leased_until=now + LEASE, rung=False)):
        return None
    feed = _mine(session, lease)
    read_at = feed.dictionaries_read_at
    if read_at is None or read_at <= now - DICTIONARIES_EVERY or codes.has_unknown(session, since=read_at):
        feed.dictionaries_wanted = True
    return _position(feed)


def position_of(session: Session, *, lease: str) -> Position:
    """Where to read on. Raises LeaseLost."""
    session.flush()
    return _position(_mine(session, lease))


def take_changes(
    session: Session, page: ChangePage, readings: Sequence[Reading], *, lease: str, now: datetime
) -> list[Outcome]:
    """Take a page of the feed over and move the cursor behind it, as one. Raises LeaseLost."""
    feed = _mine(session, lease)
    outcomes = take_over_all(session, readings, now=now, feed_epoch=page.feed_epoch)
    feed.cursor, feed.feed_epoch = page.next_cursor, page.feed_epoch
    _heard(feed, page.as_of, now)
    return outcomes


def take_snapshot(
    session: Session,
    page: SnapshotPage,
    readings: Sequence[Reading],
    *,
    asked_from: Position,
    lease: str,
    now: datetime,
) -> list[Outcome]:
    """Take a page of a snapshot over; behind its last one the feed goes on. Raises LeaseLost.

    A resync that was asked for since the page was is not answered by it: the next page is of a new snapshot.
    """
    feed = _mine(session, lease)
    outcomes = take_over_all(session, readings, now=now, feed_epoch=page.feed_epoch)
    if feed.resync_wanted and not asked_from.resync_wanted:
        feed.leased_until = now + LEASE
        session.flush()
        return outcomes
    feed.resync_wanted = False
    if page.next_cursor is not None:
        feed.snapshot_id, feed.snapshot_cursor = page.snapshot_id, page.next_cursor
        feed.snapshot_epoch, feed.resume_cursor = page.feed_epoch, page.resume_cursor
        feed.leased_until = now + LEASE
        session.flush()
        return outcomes
    # Changes were passed over, tombstones among them: of those a snapshot says nothing.
    feed.comparison_wanted = feed.comparison_wanted or feed.cursor is not None
    feed.cursor, feed.feed_epoch = page.resume_cursor, page.feed_epoch
    _leave_snapshot(feed)
    _heard(feed, page.as_of, now)
    session.flush()
    audit.record(
        session,
        actor=REGISTRY,
        action="registry.take_snapshot",
        object_type="feed",
        object_id=str(THE_FEED),
        after={"snapshot": page.snapshot_id, "feed_epoch": page.feed_epoch},
    )
    events.publish(session, SnapshotTaken(page.snapshot_id, page.feed_epoch))
    return outcomes


def void_cursor(session: Session, *, lease: str, now: datetime) -> None:
    """The cursor leads nowhere any more: the next read is a new snapshot. Raises LeaseLost."""
    feed = _mine(session, lease)
    feed.resync_wanted = True
    _leave_snapshot(feed)
    feed.leased_until = now + LEASE


def finish(
    session: Session,
    *,
    lease: str,
    now: datetime,
    jitter: float,
    error: str | None,
    asked_wait_s: float | None = None,
) -> bool:
    """Let go, and say when it is worth trying again; whether that is now, because somebody asked meanwhile.

    A registry that asked to be left alone for longer than it would be is. Does nothing once another puller
    has taken over.
    """
    feed = session.get(Feed, THE_FEED, populate_existing=True, with_for_update=True)
    if feed is None or feed.lease != lease:
        return False
    feed.lease = feed.leased_until = None
    feed.failures = 0 if error is None else feed.failures + 1
    feed.last_error = None if error is None else error[:80]
    feed.next_attempt_at = now + max(wait_after(feed.failures, jitter), timedelta(seconds=asked_wait_s or 0))
    if error is not None:
        return False
    feed.last_ok_at = now
    if feed.rung:
        feed.next_attempt_at = now
    return feed.rung


def dictionaries_read(session: Session, *, lease: str, now: datetime) -> None:
    """The dictionaries are as new as the registry's. Raises LeaseLost."""
    feed = _mine(session, lease)
    feed.dictionaries_wanted, feed.dictionaries_read_at = False, now


def is_comparison_wanted(session: Session) -> bool:
    """Whether records may have been passed over since the last comparison, of a registry that answers."""
    wanted = select(Feed.id).where(Feed.id == THE_FEED, Feed.comparison_wanted, Feed.failures == 0)
    return session.scalars(wanted).one_or_none() is not None


def note_comparison(session: Session, *, wanted: bool) -> None:
    """Note that a comparison is under way, or that one failed and is still wanted."""
    session.execute(update(Feed).where(Feed.id == THE_FEED).values(comparison_wanted=wanted))


def want(session: Session, *, now: datetime, resync: bool = False, dictionaries: bool = False) -> None:
    """Have the next pull come at once, with a full snapshot or the dictionaries where they are asked for.

    A registry that is failing is not called any sooner by this.
    """
    ensure_feed(session, now=now)
    feed = session.get_one(Feed, THE_FEED, populate_existing=True, with_for_update=True)
    feed.rung = True
    feed.resync_wanted = feed.resync_wanted or resync
    feed.dictionaries_wanted = feed.dictionaries_wanted or dictionaries
    if feed.failures == 0:
        feed.next_attempt_at = min(feed.next_attempt_at, now)
    if resync:
        _leave_snapshot(feed)


def request_resync(session: Session, *, actor: Actor, reason: str, now: datetime) -> None:
    """Have everything read again from a new snapshot, as an operator asks for it."""
    want(session, now=now, resync=True, dictionaries=True)
    audit.record(
        session,
        actor=actor,
        action="registry.request_resync",
        object_type="feed",
        object_id=str(THE_FEED),
        reason=reason,
    )


def _mine(session: Session, lease: str) -> Feed:
    wanted = select(Feed).where(Feed.id == THE_FEED, Feed.lease == lease).with_for_update()
    feed = session.scalars(wanted.execution_options(populate_existing=True)).one_or_none()
    if feed is None:
        raise LeaseLost
    return feed


def _position(feed: Feed) -> Position:
    return Position(
        feed_epoch=feed.feed_epoch,
        cursor=feed.cursor,
        snapshot_id=feed.snapshot_id,
        snapshot_cursor=feed.snapshot_cursor,
        resync_wanted=feed.resync_wanted,
        dictionaries_wanted=feed.dictionaries_wanted,
    )


def _heard(feed: Feed, as_of: datetime, now: datetime) -> None:
    # A registry whose clock runs ahead cannot make its data younger than this moment.
    feed.as_of = min(as_of, now)
    feed.leased_until = now + LEASE


def _leave_snapshot(feed: Feed) -> None:
    feed.snapshot_id = feed.snapshot_cursor = feed.snapshot_epoch = feed.resume_cursor = None


def as_plain(feed: Feed) -> dict[str, Any]:
    """The feed's row for people who look after it."""
    return {
        "feed_epoch": feed.feed_epoch,
        "cursor": feed.cursor,
        "in_snapshot": feed.snapshot_id is not None,
        "as_of": feed.as_of,
        "last_ok_at": feed.last_ok_at,
        "failures": feed.failures,
        "last_error": feed.last_error,
        "next_attempt_at": feed.next_attempt_at,
    }
