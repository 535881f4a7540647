"""Who came first of those whom gates let in without a network: a pure function of what they did.

The answer depends on when each was scanned, never on when we heard of it. What was admitted online stands:
it was answered, and nobody who was told "come in" is told otherwise later.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """So many heads of a booking that a gate let in by itself; without a number, all who were missing."""

    scan_id: UUID
    at: datetime
    scanner: str
    nonce: str
    heads: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a claim comes to. `excess` were let in without a place; `admitted` is of the party so far."""

    seats: int
    excess: int
    admitted: int
    remaining: int


def settle(*, seats: int, admitted_online: int, claims: Iterable[Claim]) -> dict[UUID, Outcome]:
    """The outcome of each claim on a booking: the earliest scan first, a tie by scanner and nonce."""
    outcomes: dict[UUID, Outcome] = {}
    admitted = admitted_online
    for claim in sorted(claims, key=lambda claim: (claim.at, claim.scanner, claim.nonce)):
        left = max(seats - admitted, 0)
        # "All of them" where nobody is missing is the whole party a second time.
        wanted = (left or seats) if claim.heads is None else claim.heads
        taken = min(wanted, left)
        admitted += taken
        outcomes[claim.scan_id] = Outcome(taken, wanted - taken, admitted, seats - admitted)
    return outcomes
