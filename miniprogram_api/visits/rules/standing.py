"""What strikes add up to: points that count, a warning, and until when somebody is barred.

Strikes are replayed in the order they were given, each under the policy of its own booking, so that the same
rows always mean the same, and a strike that is waived is as if it had never been. A ban settles the strikes
that led to it; it ends by itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from miniprogram_api.visits.rules.policy import Policy


@dataclass(frozen=True, slots=True)
class Mark:
    """A strike that is not waived, with the policy it was given under."""

    half_points: int
    struck_at: datetime
    counts_until: datetime
    policy: Policy


@dataclass(frozen=True, slots=True)
class Verdict:
    """`half_points` count now. `barred_until` may lie in the past: the end of the last ban."""

    half_points: int = 0
    warned: bool = False
    barred_until: datetime | None = None

    def is_barred(self, now: datetime) -> bool:
        return self.barred_until is not None and now < self.barred_until


def counts_until(struck_at: datetime, policy: Policy) -> datetime:
    """When a strike is forgotten."""
    return struck_at + timedelta(days=policy.strike_days)


def judge(marks: Iterable[Mark], now: datetime) -> Verdict:
    """What the strikes of one person amount to."""
    unsettled: list[Mark] = []
    barred_until: datetime | None = None
    for mark in sorted(marks, key=lambda each: each.struck_at):
        unsettled = [each for each in unsettled if each.counts_until > mark.struck_at] + [mark]
        threshold = mark.policy.ban_half_points
        if threshold is not None and _points(unsettled) >= threshold:
            barred_until = _later(barred_until, mark.struck_at + timedelta(days=mark.policy.ban_days))
            unsettled = []
    counting = [mark for mark in unsettled if mark.counts_until > now]
    return Verdict(_points(counting), _is_warned(counting), barred_until)


def _points(marks: list[Mark]) -> int:
    return sum(mark.half_points for mark in marks)


def _later(first: datetime | None, second: datetime) -> datetime:
    return second if first is None else max(first, second)


def _is_warned(counting: list[Mark]) -> bool:
    if not counting:
        return False
    threshold = max(counting, key=lambda mark: mark.struck_at).policy.warn_half_points
    return threshold is not None and _points(counting) >= threshold
