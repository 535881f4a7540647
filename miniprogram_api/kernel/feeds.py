"""Change feeds in the order of commits: a row gets its place in a feed after its commit, never before.

Ids and times are taken before the commit. A reader that asks for what comes after the last one it saw misses
whatever commits late, so neither is a cursor. Here rows are inserted without a place, in the transaction of
the change they tell of; a relay gives rising places to what is committed, under one locked row per
feed; and readers ask for what comes after the last place they saw. Nothing is skipped, nothing comes late.

    class DayChange(PlacedInFeed, Model): …

    DAYS = feeds.declare(Feed("engagement.days", DayChange, order=(DayChange.revision, DayChange.id)))

    session.add(DayChange(…))                # in the command's transaction
    ring_after_commit(session)               # the relay need not wait for its sweep
    page = feeds.read(session, DAYS, cursor=None, limit=100)

`order` says which of several committed rows comes first, and must be unique. The rows of one key keep their
order when each is written after the one before it is committed, and sorts after it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, String, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, Session, mapped_column

from miniprogram_api.kernel.db import Model, atomic, execute_counting, is_sqlite, reading, retrying
from miniprogram_api.kernel.errors import Gone
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.kernel.paging import Column, InvalidCursor, decode_cursor, encode_cursor
from miniprogram_api.kernel.tasks import periodic

_BATCH = 500
_LEAP = 1_000_000  # more than what any feed grows by between a backup and its restore
_BEFORE_ALL = ""  # the epoch in a cursor of a feed that has no row yet


class CursorExpired(Gone):
    """The feed was begun anew since the cursor was given: its reader takes everything from the start."""

    code = "feed.cursor_expired"


class FeedHead(Model):
    """The end of a feed; locking the row makes one relay the only one.

    A cursor holds the epoch: after a restore from a backup places are given out a second time, and a reader
    that had seen them must be told.
    """

    __tablename__ = "kernel_feed_heads"

    feed: Mapped[str] = mapped_column(String(60), primary_key=True)
    epoch: Mapped[UUID]
    last_seq: Mapped[int] = mapped_column(BigInteger)


class PlacedInFeed:
    """A table whose rows are a feed; `feed_seq` is empty until the relay has passed."""

    feed_seq: Mapped[int | None] = mapped_column(BigInteger, unique=True)


C = TypeVar("C")


@dataclass(frozen=True, slots=True)
class Feed(Generic[C]):
    """A named feed, the table of its rows (PlacedInFeed, with an `id`), and the order within a commit."""

    name: str
    model: type[C]
    order: Sequence[Column]


@dataclass(frozen=True, slots=True)
class FeedPage(Generic[C]):
    """Rows in their order. `cursor` goes on after them; after an empty page it is the one that was given."""

    items: Sequence[C]
    cursor: str
    has_more: bool


_feeds: dict[str, Feed[Any]] = {}


def declare(feed: Feed[C]) -> Feed[C]:
    """Have the relay look after a feed. Raises ValueError when its name is taken."""
    if feed.name in _feeds:
        raise ValueError(f"there is a feed {feed.name} already")
    _feeds[feed.name] = feed
    return feed


def sequence(session: Session, feed: Feed[Any], limit: int = _BATCH) -> int:
    """Give the next committed rows their places; returns how many. One relay works at a time."""
    head = _lock_head(session, feed.name)
    model: Any = feed.model
    waiting = select(model.id, *_labelled(feed)).where(model.feed_seq.is_(None)).order_by(*feed.order)
    batch = waiting.limit(limit).subquery()
    order = [batch.c[f"by_{number}"] for number, _ in enumerate(feed.order)]
    placed = select(batch.c.id, func.row_number().over(order_by=order).label("place")).subquery()
    given = update(model).where(model.id == placed.c.id).values(feed_seq=head.last_seq + placed.c.place)
    count = execute_counting(session, given)
    head.last_seq += count
    session.flush()
    return count


def _labelled(feed: Feed[Any]) -> list[Any]:
    return [column.label(f"by_{number}") for number, column in enumerate(feed.order)]


def _lock_head(session: Session, name: str) -> FeedHead:
    wanted = select(FeedHead).where(FeedHead.feed == name).with_for_update()
    wanted = wanted.execution_options(populate_existing=True)
    head = session.scalars(wanted).one_or_none()
    if head is None:
        make = sqlite.insert if is_sqlite(session) else postgresql.insert
        first = make(FeedHead).values(feed=name, epoch=new_id(), last_seq=0)
        session.execute(first.on_conflict_do_nothing(index_elements=["feed"]))
        head = session.scalars(wanted).one()
    return head


def read(session: Session, feed: Feed[C], *, cursor: str | None, limit: int) -> FeedPage[C]:
    """The rows after a cursor, from the start without one. Raises InvalidCursor, CursorExpired."""
    head = session.get(FeedHead, feed.name)
    epoch, last = (_BEFORE_ALL, 0) if head is None else (head.epoch.hex, head.last_seq)
    after = 0 if cursor is None else _place(cursor, epoch=epoch, last=last)
    model: Any = feed.model
    # Not beyond the head as it was read: rows placed since then may be of an epoch this page does not name.
    later = select(model).where(model.feed_seq > after, model.feed_seq <= last)
    rows: Sequence[Any] = session.scalars(later.order_by(model.feed_seq).limit(limit + 1)).all()
    items = rows[:limit]
    reached = items[-1].feed_seq if items else after
    return FeedPage(items, encode_cursor([epoch, reached]), has_more=len(rows) > limit)


def _place(cursor: str, *, epoch: str, last: int) -> int:
    match decode_cursor(cursor):
        case [str(of), int(after)] if after >= 0 and not isinstance(after, bool):
            if of == _BEFORE_ALL and after == 0:
                return 0
            if of != epoch or after > last:
                raise CursorExpired
            return after
    raise InvalidCursor


def list_feeds() -> list[Feed[Any]]:
    """Every feed that was declared."""
    return list(_feeds.values())


def begin_anew(session: Session, feed: Feed[Any]) -> None:
    """Make every cursor of a feed void, so that its readers start over; what a restore calls for.

    Places go on far behind those that were given out and are forgotten: whoever goes by the number alone, as
    receivers of events do, takes nothing new for old.
    """
    head = _lock_head(session, feed.name)
    head.epoch, head.last_seq = new_id(), head.last_seq + _LEAP
    session.flush()


@periodic("kernel.sequence_feeds", when_rung=True)
def sequence_feeds() -> None:
    """Give places to what was committed since the last round, in every feed."""
    for feed in list_feeds():
        while _is_waiting(feed) and _sequence_batch(feed) == _BATCH:
            pass


def _is_waiting(feed: Feed[Any]) -> bool:
    model: Any = feed.model
    with reading() as session:
        found = select(model.id).where(model.feed_seq.is_(None)).limit(1)
        return session.scalar(found) is not None


@retrying
def _sequence_batch(feed: Feed[Any]) -> int:
    with atomic() as session:
        return sequence(session, feed)
