"""What is said of a change of many slots: to who makes it, and a look at what their visitors are told."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from miniprogram_api.console.words import say_day, say_hours
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.messaging import rules as wording
from miniprogram_api.messaging.rules import Wording
from miniprogram_api.sites.service import Site
from miniprogram_api.visits.queries.slot_changes import Counted
from miniprogram_api.visits.rules.slot_choice import EVERY_DAY, Outcome, SlotAct, SlotChoice, Treatment
from miniprogram_api.visits.service.slot_changes import Outlook, Seen

ACTS: Mapping[str, str] = {
    SlotAct.CAPACITY.value: "改名额",
    SlotAct.CLOSE.value: "关闭",
    SlotAct.REOPEN.value: "重新开放",
    SlotAct.CLOSE_DAYS.value: "闭馆",
}
EFFECTS: Mapping[str, str] = {
    Treatment.KEEP.value: "保留",
    Treatment.MOVE.value: "改期",
    Treatment.CANCEL.value: "取消",
}
OUTCOMES: Mapping[str, tuple[str, str]] = {
    Outcome.RESTORED.value: ("已恢复", "good"),
    Outcome.CHANGED.value: ("未恢复：之后又有改动", "warning"),
    Outcome.BEGUN.value: ("未恢复：场次已经开始", "warning"),
    Outcome.FULL.value: ("未恢复：名额已被别人约走或场次没有开放", "danger"),
    Outcome.OTHER_VISIT.value: ("未恢复：本人已约了同一天或同一时间的参观", "warning"),
    Outcome.ERASED.value: ("未恢复：会员已注销", "quiet"),
}
_WEEKDAYS = "一二三四五六日"
_COUNTS = re.compile(r"([0-9]{1,7})-([0-9]{1,7})")


def say_choice(choice: SlotChoice) -> str:
    """Which slots are meant, in one sentence."""
    parts = [say_day(choice.first) if choice.first == choice.last else _days(choice)]
    if choice.weekdays != EVERY_DAY:
        parts.append("周" + "、".join(_WEEKDAYS[n - 1] for n in sorted(choice.weekdays)))
    if choice.from_minute is not None:
        parts.append(f"{_clock(choice.from_minute)} 起")
    if choice.to_minute is not None:
        parts.append(f"{_clock(choice.to_minute)} 前开始")
    if choice.state:
        parts.append("开放的" if choice.state == "open" else "已关闭的")
    return "，".join(parts) + "的场次"


def _days(choice: SlotChoice) -> str:
    return f"{say_day(choice.first)}至{say_day(choice.last)}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def seen_of(text: str | None) -> Seen | None:
    """What somebody was shown, as the form carried it."""
    counts = _COUNTS.fullmatch(text or "")
    return Seen(int(counts[1]), int(counts[2])) if counts else None


def say_messages(site: Site, outlook: Outlook, text: str | None, rest: str) -> list[Wording]:
    """What those who are hit will be told, worded with the first of each kind."""
    moved = next((mover for mover in outlook.hit if mover.id in outlook.moves), None)
    found = []
    if moved is not None:
        room = outlook.moves[moved.id]
        found.append(
            wording.visit_moved_by_site(
                site=site.name,
                number=moved.number,
                before=(moved.starts_at, moved.ends_at),
                after=(room.starts_at, room.ends_at),
                reason=text,
            )
        )
    if outlook.staying and rest == Treatment.CANCEL.value:
        gone = outlook.staying[0]
        found.append(
            wording.visit_cancelled_by_site(
                site=site.name,
                number=gone.number,
                starts_at=gone.starts_at,
                ends_at=gone.ends_at,
                reason=text,
            )
        )
    return found


def say_counts(counted: Sequence[Counted]) -> Iterator[str]:
    """What became of the bookings, a sentence for each effect."""
    for effect, words in ((Treatment.MOVE, "改期"), (Treatment.CANCEL, "取消"), (Treatment.KEEP, "保留")):
        rows = [row for row in counted if row.effect is effect]
        bookings, seats = sum(row.bookings for row in rows), sum(row.seats for row in rows)
        if bookings:
            yield f"{words} {bookings} 个预约、{seats} 人"


def short_span(row: Mapping[str, Any]) -> str:
    """When a slot of a change takes place, of its stored text."""
    starts, ends = (datetime.fromisoformat(row[name]) for name in ("starts_at", "ends_at"))
    return f"{say_day(starts.astimezone(BEIJING))}{say_hours(starts)}–{say_hours(ends)}"
