"""Which slots a person means who changes many at once, and what would change of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.errors import FieldError, Invalid
from miniprogram_api.visits.models import Outcome, SlotAct, SlotState, Treatment
from miniprogram_api.visits.rules.slots import WITHDRAWN

__all__ = [
    "Outcome",
    "SlotAct",
    "SlotChoice",
    "SlotState",
    "Treatment",
    "Wanted",
    "closed_by_hand",
    "is_changed",
]

EVERY_DAY = frozenset(range(1, 8))
LONGEST = timedelta(days=186)
_FIRST, _LAST_CAPACITY = 1, 100_000


class ChosenSlot(Protocol):
    """What of a slot decides."""

    @property
    def id(self) -> UUID: ...
    @property
    def visit_on(self) -> date: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def state(self) -> Any: ...
    @property
    def closed_reason(self) -> str | None: ...
    @property
    def closure_id(self) -> UUID | None: ...
    @property
    def capacity(self) -> int: ...
    @property
    def booked(self) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotChoice:
    """Slots to come of some days, both ends included; `ids` narrows what the rest matches."""

    first: date
    last: date
    weekdays: frozenset[int] = EVERY_DAY  # 1 Monday … 7 Sunday
    from_minute: int | None = None  # starts at this minute of the day or later …
    to_minute: int | None = None  # … and before this one
    state: str | None = None
    ids: frozenset[UUID] | None = None

    def check(self) -> None:
        """Raises Invalid, naming each field that is wrong."""
        wrong = []
        if not timedelta(0) <= self.last - self.first <= LONGEST:
            wrong.append(FieldError("last", "field.range"))
        if not self.weekdays:
            wrong.append(FieldError("weekdays", "field.required"))
        if self.from_minute is not None and self.to_minute is not None and self.from_minute >= self.to_minute:
            wrong.append(FieldError("to_minute", "field.range"))
        if wrong:
            raise Invalid(fields=wrong)

    def takes(self, slot: ChosenSlot) -> bool:
        """Whether the slot is one of those meant."""
        start = slot.starts_at.astimezone(BEIJING)
        minute = start.hour * 60 + start.minute
        return (
            (self.ids is None or slot.id in self.ids)
            and self.first <= slot.visit_on <= self.last
            and slot.visit_on.isoweekday() in self.weekdays
            and (self.from_minute is None or minute >= self.from_minute)
            and (self.to_minute is None or minute < self.to_minute)
            and (self.state is None or slot.state == self.state)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be done to the slots, and to the bookings that it hits.

    `rest` is for bookings that find no other slot. `target_id`: the slot to move to, else the next with room.
    """

    act: SlotAct
    capacity: int | None = None
    reason_code: str | None = None
    public_text: str | None = None
    treatment: Treatment = Treatment.CANCEL
    rest: Treatment = Treatment.KEEP
    target_id: UUID | None = None

    def check(self) -> None:
        """Raises Invalid, naming each field that is wrong."""
        wrong = []
        if self.act is SlotAct.CAPACITY and self.capacity is None:
            wrong.append(FieldError("capacity", "field.required"))
        elif self.capacity is not None and not _FIRST <= self.capacity <= _LAST_CAPACITY:
            wrong.append(FieldError("capacity", "field.range"))
        if self.act is SlotAct.CLOSE and not self.public_text:
            wrong.append(FieldError("public_text", "field.required"))
        if self.act is SlotAct.CLOSE and not self.reason_code:
            wrong.append(FieldError("reason_code", "field.required"))
        if wrong:
            raise Invalid(fields=wrong)

    @property
    def last_resort(self) -> Treatment:
        """What becomes of those who cannot be moved, or are not meant to be."""
        return self.rest if self.treatment is Treatment.MOVE else self.treatment


def is_changed(slot: ChosenSlot, wanted: Wanted) -> bool:
    """Whether the slot is not yet as it is wanted, and may be made so."""
    match wanted.act:
        case SlotAct.CAPACITY:
            return slot.capacity != wanted.capacity
        case SlotAct.REOPEN:
            return slot.state == "closed" and slot.closure_id is None
        case _:
            kept = slot.closed_reason == WITHDRAWN and slot.booked > 0
            return slot.state == "open" or (kept and wanted.treatment is not Treatment.KEEP)


def closed_by_hand(wanted: Wanted, *, kept: bool) -> Mapping[str, Any]:
    """The columns of a slot that is closed; where bookings are kept their visits take place."""
    shut: dict[str, Any] = {"state": "closed", "closure_id": None, "edited": True}
    if kept:
        return {**shut, "closed_reason": WITHDRAWN, "closed_text": None, "amnesty": False}
    return {
        **shut,
        "closed_reason": wanted.reason_code,
        "closed_text": wanted.public_text,
        "amnesty": True,
    }
