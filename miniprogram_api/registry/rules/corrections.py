"""When a correction is delivered, asked after, and given back."""

from datetime import datetime, timedelta

_FIRST_WAIT = timedelta(minutes=1)
_LONGEST_WAIT = timedelta(hours=1)
ASK_EVERY = timedelta(minutes=15)
# Refusals of the caller or the moment, not of the correction itself.
_PASSING = frozenset({401, 403, 408, 409, 425, 429})


def try_again_at(attempts: int, *, now: datetime, retry_after_s: float | None = None) -> datetime:
    """When to try after so many failures in a row; never sooner than the registry asks for."""
    wait = min(_FIRST_WAIT * (1 << min(max(attempts - 1, 0), 10)), _LONGEST_WAIT)
    return now + max(wait, timedelta(seconds=min(retry_after_s or 0.0, 86_400.0)))


def is_final(status: int) -> bool:
    """Whether a refusal will not change by being asked for again."""
    return 400 <= status < 500 and status not in _PASSING
