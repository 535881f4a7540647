"""What an event looks like on its way out, and what an endpoint's answer means for the next attempt."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

from miniprogram_api.kernel.clock import BEIJING

SOURCE = "urn:changchun:lowcarbon:miniprogram"
ORIGIN = "lowcarbon.changchun"  # who we are to an endpoint that is asked whether it wants our events
MEDIA_TYPE = "application/cloudevents+json"
LARGEST_EVENT = 20_000
_SEQUENCE_DIGITS = 20

# Before the second, third, … attempt: ten in all, the last about 75 hours after the first.
_WAITS = tuple(
    timedelta(seconds=seconds) for seconds in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
)
MOST_ATTEMPTS = len(_WAITS) + 1
_LONGEST_ASKED = timedelta(hours=24)
_JITTER = 0.1


class Verdict(StrEnum):
    """What an answer means."""

    DELIVERED = "delivered"
    AGAIN = "again"
    GONE = "gone"  # the endpoint wants nothing any more


def verdict(status: int | None) -> Verdict:
    """Any 2xx is a delivery; a redirect is a failure like any other; None is no answer at all."""
    if status is not None and 200 <= status < 300:
        return Verdict.DELIVERED
    return Verdict.GONE if status == 410 else Verdict.AGAIN


def next_attempt(
    attempts: int, *, now: datetime, chance: float, retry_after_s: float | None = None
) -> datetime | None:
    """When to try again after so many attempts; None when that was the last.

    `chance` between 0 and 1 spreads the waits by a tenth; one that the endpoint asked for is not cut short.
    """
    if attempts >= MOST_ATTEMPTS:
        return None
    wait = _WAITS[max(attempts, 1) - 1] * (1 - _JITTER + 2 * _JITTER * chance)
    asked = min(timedelta(seconds=min(retry_after_s or 0.0, 1e6)), _LONGEST_ASKED)
    return now + max(wait, asked)


def retry_after_s(header: str | None, *, now: datetime) -> float | None:
    """The seconds of a `Retry-After`, given as such or as a date; None for what is neither."""
    text = (header or "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None
    return max(0.0, (at - now).total_seconds()) if at.tzinfo is not None else None


def sequence(feed_seq: int) -> str:
    """A number as events carry it: texts that compare as the numbers do."""
    return f"{feed_seq:0{_SEQUENCE_DIGITS}d}"


def event_body(
    *, id: str, feed_seq: int, type: str, subject: str, data: Mapping[str, Any], occurred_at: datetime
) -> bytes:
    """The event as it is signed and sent."""
    event = {
        "specversion": "1.0",
        "id": id,
        "source": SOURCE,
        "type": type,
        "subject": subject,
        "time": occurred_at.astimezone(BEIJING).isoformat(timespec="seconds"),
        "datacontenttype": "application/json",
        "sequence": sequence(feed_seq),
        "data": dict(data),
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def is_endpoint(url: str) -> bool:
    """Whether a text has the form of an endpoint; where it leads is the outbound client's question."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return (
        url.isascii()
        and url.isprintable()
        and " " not in url
        and "\\" not in url
        and parts.scheme in {"https", "http"}
        and bool(parts.hostname)
        and port != 0
        and "@" not in parts.netloc
        and not parts.fragment
    )
