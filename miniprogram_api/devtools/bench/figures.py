"""The arithmetic of the bench: percentiles, medians over rounds, ratios within a round, promises kept."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed; 0 of nothing."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    """The middle value; 0 of nothing."""
    return statistics.median(values) if values else 0.0


def ratio(rates: Sequence[float], ceilings: Sequence[float]) -> float:
    """The median of the ratios within each round: a slow minute of the machine slows both."""
    return median([rate / ceiling for rate, ceiling in zip(rates, ceilings, strict=True) if ceiling])


@dataclass(slots=True)
class Series:
    """One row over all rounds."""

    rates: list[float] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)
    requests: int = 0

    def add(self, *, rate: float, latencies_ms: Sequence[float], requests: int) -> None:
        """One round's measurement."""
        self.rates.append(rate)
        self.latencies_ms += latencies_ms
        self.requests += requests

    @property
    def rate(self) -> float:
        return median(self.rates)

    @property
    def spread(self) -> float:
        """How far apart the rounds lie: highest less lowest, as a share of the median."""
        return (max(self.rates) - min(self.rates)) / self.rate if self.rate else 0.0

    def at(self, share: float) -> float:
        """A percentile of the time to answer, over all rounds."""
        return percentile(self.latencies_ms, share)


@dataclass(frozen=True, slots=True)
class Promise:
    """One budget of a row, what was found, and whether it holds."""

    budget: str
    found: str
    kept: bool


def at_least(found: float, budget: float, of: str, *, digits: int = 2) -> Promise:
    return Promise(f"≥ {budget:g}{of}", f"{found:.{digits}f}", round(found, digits) >= budget)


def at_most(found: float, budget: float, of: str, *, digits: int = 0) -> Promise:
    return Promise(f"≤ {budget:g}{of}", f"{found:.{digits}f}", round(found, digits) <= budget)
