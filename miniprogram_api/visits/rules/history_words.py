"""What happened to a booking, in sentences for its site's staff, made from the rows of the audit trail."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from miniprogram_api.visits.rules.words import STRIKE

Facts = Mapping[str, Any]

_CHANNELS = {"app": "在小程序预约", "phone": "电话预约", "window": "窗口预约"}
_CANCELLED_BY = {"member": "游客取消了预约", "site": "馆方取消了预约"}
_REFUSED = {
    "already_used": "名额已用完",
    "revoked": "票已作废",
    "wrong_site": "不是本馆的票",
    "too_early": "未到入场时间",
    "too_late": "已过入场时间",
    "invalid": "不是有效的票",
}
_OTHER = "预约有变更"


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the trail: what was done, and the plain facts before and after it."""

    action: str
    before: Facts
    after: Facts


SlotName = Callable[[str], str]


def sentence_of(change: Change, slot_name: SlotName) -> str:
    """One sentence on a change; `slot_name` tells a slot's time in words."""
    teller = _TELLERS.get(change.action)
    return teller(change, slot_name) if teller else _OTHER


def refusal_in_words(result: str) -> str:
    """One sentence on a scan that let nobody in."""
    return f"扫码未放行：{_REFUSED.get(result, result)}"


def _booked(change: Change, _: SlotName) -> str:
    channel = _CHANNELS.get(str(change.after.get("channel")), "预约")
    against = "，经授权不受预约规则限制" if change.after.get("overridden") else ""
    return f"{channel} {change.after.get('seats')} 人{against}"


def _walked_in(change: Change, _: SlotName) -> str:
    return f"未预约，现场登记入场 {change.after.get('seats')} 人"


def _moved(change: Change, slot_name: SlotName) -> str:
    before, after = (str(facts.get("slot_id")) for facts in (change.before, change.after))
    late = "，超过免责期限" if change.after.get("late") else ""
    return f"改期：由 {slot_name(before)} 改到 {slot_name(after)}{late}"


def _moved_by_site(change: Change, slot_name: SlotName) -> str:
    before, after = (str(facts.get("slot_id")) for facts in (change.before, change.after))
    return f"馆方改期：由 {slot_name(before)} 改到 {slot_name(after)}"


def _displaced(change: Change, _: SlotName) -> str:
    before, after = change.before.get("admitted", 0), change.after.get("admitted", 0)
    return f"离线核销与其他闸口冲突，减少入场 {before - after} 人"


def _cancelled(change: Change, _: SlotName) -> str:
    late = "，超过免责期限" if change.after.get("late") else ""
    return _CANCELLED_BY.get(str(change.after.get("by")), "预约被取消") + late


def _partly_cancelled(change: Change, _: SlotName) -> str:
    before, after = _heads(change.before), _heads(change.after)
    return f"部分取消：减少 {before - after} 人，还剩 {after} 人"


def _heads(facts: Facts) -> int:
    return int(facts.get("adults", 0)) + int(facts.get("children", 0))


def _admitted(change: Change, _: SlotName) -> str:
    before, after = change.before.get("admitted", 0), change.after.get("admitted", 0)
    total = f"（累计 {after} 人）" if before else ""
    return f"入场 {after - before} 人{total}"


def _undone(change: Change, _: SlotName) -> str:
    return f"撤销入场 {change.before.get('admitted', 0) - change.after.get('admitted', 0)} 人"


def _corrected(change: Change, _: SlotName) -> str:
    came = change.after.get("admitted", 0)
    return f"更正爽约：实到 {came} 人" if came else "更正爽约：改为馆方取消，不计爽约"


def _struck(change: Change, _: SlotName) -> str:
    kind = STRIKE.get(str(change.after.get("kind")), "爽约")
    return f"{kind}，计 {change.after.get('half_points', 0) / 2:g} 次爽约记录"


def _always(sentence: str) -> Callable[[Change, SlotName], str]:
    return lambda _change, _slot_name: sentence


_TELLERS: Mapping[str, Callable[[Change, SlotName], str]] = {
    "visits.book": _booked,
    "visits.admit_walk_in": _walked_in,
    "visits.reschedule": _moved,
    "visits.cancel": _cancelled,
    "visits.cancel_part": _partly_cancelled,
    "visits.cancel_by_site": _always("场次关闭，预约由馆方取消"),
    "visits.move_by_site": _moved_by_site,
    "visits.restore": _always("撤销了场次变更，预约已恢复"),
    "visits.displace_admission": _displaced,
    "visits.cancel_by_authority": _always("示范点退出，预约被取消"),
    "visits.admit": _admitted,
    "visits.undo_admission": _undone,
    "visits.mark_no_show": _always("无人到场，标记为爽约"),
    "visits.excuse": _always("不计爽约，改为馆方取消"),
    "visits.correct_no_show": _corrected,
    "visits.add_strike": _struck,
    "visits.waive_strike": _always("免除了爽约记录"),
    "visits.contact_revealed": _always("查看了联系人的完整姓名和电话"),
    "visits.contact_exported": _always("导出了联系人的完整姓名和电话"),
    "registry.reveal_for_call": _always("为电话通知查看了联系人"),
}
