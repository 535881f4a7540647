"""Facts about the city's booking rules."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class DefaultPolicyChanged(Event):
    """The city's booking rules have a new version."""

    name: ClassVar[str] = "visits.default_policy_changed"

    version: int
    effective_on: str


@dataclass(frozen=True, slots=True)
class DefaultPolicySpreads(Event):
    """There may be sites that have not heard of a version of the city's rules: the next batch is due."""

    name: ClassVar[str] = "visits.default_policy_spreads"

    version: int
