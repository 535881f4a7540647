"""When something may be published, pinned and shown until, and when a failed attempt is repeated."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from content.errors import InstantRefused
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.errors import FieldError

MOST_AHEAD = timedelta(days=366)
_LONGEST_WAIT = timedelta(minutes=30)


def check_window(
    *,
    now: datetime,
    publish_at: datetime | None,
    pinned_until: datetime | None,
    expires_at: datetime | None,
) -> None:
    """Raises InstantRefused unless a plan is to come, and a pin and an expiry come after it.

    Nothing is planned or pinned more than a year ahead.
    """
    wrong = list(_faults(now, publish_at, {"pinned_until": pinned_until, "expires_at": expires_at}))
    if wrong:
        raise InstantRefused(fields=wrong)


def _faults(
    now: datetime, publish_at: datetime | None, ends: dict[str, datetime | None]
) -> Iterator[FieldError]:
    begins = publish_at or now
    if publish_at is not None and publish_at <= now:
        yield FieldError("publish_at", "content.time_over")
    if begins > now + MOST_AHEAD:
        yield FieldError("publish_at", "content.too_far_ahead")
    for name, end in ends.items():
        if end is not None and end <= begins:
            over = "content.time_over" if end <= now else "content.before_publication"
            yield FieldError(name, over)
    pinned = ends["pinned_until"]
    if pinned is not None and pinned > now + MOST_AHEAD:
        yield FieldError("pinned_until", "content.pinned_too_long")


def instant_text(at: datetime) -> str:
    """An instant as errors, events and the trail carry it: Beijing's."""
    return at.astimezone(BEIJING).isoformat(timespec="seconds")


def next_attempt(now: datetime, attempts: int) -> datetime:
    """When what failed so many times is tried again: after 1, 2, 4 … minutes, half an hour at most."""
    return now + min(timedelta(minutes=2 ** min(attempts - 1, 10)), _LONGEST_WAIT)
