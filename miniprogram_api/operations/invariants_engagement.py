"""The invariants of engagement: figures are what counting gives, and what left is what the feed says."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from sqlalchemy.orm import Session

from miniprogram_api.engagement import queries_checks

SHOWN = 20


def wrong_emissions(session: Session) -> Iterable[str]:
    """Days whose avoided CO2 is not the sum that its check-ins and factors give."""
    return _some(queries_checks.find_wrong_days(session, queries_checks.FROM_TRAVEL))


def wrong_figures(session: Session) -> Iterable[str]:
    """Days with any figure that counting does not give."""
    return _some(queries_checks.find_wrong_days(session))


def wrongly_given_away(session: Session) -> Iterable[str]:
    """Days that are not told as their revisions say, or that tell of one to four people."""
    unpublished = queries_checks.find_unpublished_days(session)
    return _some(chain(unpublished, queries_checks.find_few_people(session)))


def _some(found: Iterator[str]) -> Iterable[str]:
    return list(dict.fromkeys(islice(found, SHOWN)))
