"""Which days are asked for."""

from datetime import date, timedelta

from miniprogram_api.open_data.errors import WrongRange

MOST_DAYS = 366
_USUAL_DAYS = 31


def range_of(first: date | None, last: date | None, *, today: date) -> tuple[date, date]:
    """The first and the last day, both included; a month up to today unless said otherwise.

    Raises WrongRange.
    """
    usual = timedelta(days=_USUAL_DAYS - 1)
    try:
        if last is None:
            last = today if first is None else min(today, first + usual)
        first = last - usual if first is None else first
    except OverflowError:
        raise WrongRange(most=MOST_DAYS) from None
    if not 0 <= (last - first).days < MOST_DAYS:
        raise WrongRange(most=MOST_DAYS)
    return first, last
