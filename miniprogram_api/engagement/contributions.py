"""The port through which features add figures that visits do not know: check-ins, content, ratings, groups.

Engagement counts days without knowing who contributes. A feature writes

    @contributes("travel", figures=("green_checkins", "avoided_co2_g", "factor_set"))
    class CheckinsOfDays:
        @staticmethod
        def count(session, days): ...

and calls `engagement.service.mark_days` when a day that is closed has changed.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.engagement.rules import FIELDS

SiteDay = tuple[UUID, date]

_COUNTED_FROM_VISITS = frozenset({"bookings", "cancellations", "no_shows", "visitors"})
CONTRIBUTED = tuple(name for name in FIELDS if name not in _COUNTED_FROM_VISITS)


class Contributor(Protocol):
    """Somebody who counts figures of days."""

    def count(self, session: Session, days: Collection[SiteDay]) -> Mapping[SiteDay, Mapping[str, Any]]:
        """The figures of those days that have any, in statements whose number does not depend on the days.

        What is counted must follow from the rows as they are, so that counting again gives the same. A day
        that is left out has none: its figures are zero.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Part:
    figures: frozenset[str]
    contributor: Contributor


C = TypeVar("C", bound=Contributor)
_parts: dict[str, _Part] = {}


def contributes(feature: str, *, figures: Collection[str]) -> Callable[[C], C]:
    """Register who counts these figures. Raises ValueError when one is unknown or somebody else's."""
    taken = {name for part in _parts.values() for name in part.figures}
    wrong = set(figures) - set(CONTRIBUTED) | set(figures) & taken
    if wrong or feature in _parts:
        raise ValueError(f"{feature} cannot count {sorted(wrong) or 'twice'}")

    def register(contributor: C) -> C:
        _parts[feature] = _Part(frozenset(figures), contributor)
        return contributor

    return register


def count(session: Session, days: Collection[SiteDay]) -> dict[SiteDay, dict[str, Any]]:
    """What is said of each of the days; what nobody registered is None, for nobody knows it.

    Raises ValueError when a contributor says more than it registered.
    """
    registered = {name for part in _parts.values() for name in part.figures}
    unknown = [name for name in CONTRIBUTED if name not in registered]
    merged: dict[SiteDay, dict[str, Any]] = {day: dict.fromkeys(unknown) for day in days}
    for feature, part in sorted(_parts.items()):
        for day, figures in part.contributor.count(session, days).items():
            if not part.figures >= figures.keys():
                raise ValueError(f"{feature} counted {sorted(figures.keys() - part.figures)}")
            merged.setdefault(day, {}).update(figures)
    return merged
