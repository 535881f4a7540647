"""Which days a partner asks for."""

from datetime import date, timedelta

from miniprogram_api.registry.errors_engagement import WrongDays

MOST_DAYS = 366
_USUAL = timedelta(days=30)


def range_of(first: date | None, last: date | None, *, last_closed: date) -> tuple[date, date]:
    """The first and the last day, both included; a month up to the last closed day unless said otherwise.

    Raises WrongDays.
    """
    try:
        if last is None:
            last = last_closed if first is None else max(first, min(last_closed, first + _USUAL))
        first = last - _USUAL if first is None else first
    except OverflowError:
        raise WrongDays(most=MOST_DAYS) from None
    if not 0 <= (last - first).days < MOST_DAYS:
        raise WrongDays(most=MOST_DAYS)
    return first, last
