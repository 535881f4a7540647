"""The facts of an audit row for people; what has no word of its own is set apart as technical."""

import json
import re
from collections.abc import Mapping
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any

from content.rules.review import STEP_NAMES
from miniprogram_api.console.words import (
    ROLE_NAMES,
    content,
    failures,
    feedback,
    privacy,
    registry,
    say_day,
    say_instant,
    sites,
)
from miniprogram_api.console.words import changes as change_words
from miniprogram_api.console.words.audit_fields import FIELDS, GROUPS, TECHNICAL
from miniprogram_api.registry.rules.records import Op
from miniprogram_api.sites.rules import dictionary
from miniprogram_api.visits.rules import words as visits
from miniprogram_api.visits.rules.policy_guide import ENTRIES, clock, points

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d.*[+-]\d\d:\d\d")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_WORD_OF_A_PROGRAM = re.compile(r"[a-z][a-z0-9]*([_.:-][a-z0-9]+)*|[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32,}")
_MINUTES = {"opens_minute", "closes_minute", "from_minute", "to_minute"}
# Written by people or names of things: shown as they are.
_AS_WRITTEN = {"username", "name", "name_en", "alt", "title", "text", "source", "unit", "text_version"}
_AS_WRITTEN |= {"project_id", "subject", "url", "requested_url", "networks", "receipt", "method", "route"}
_AS_WRITTEN |= {"word", "suggestion", "licence"}
_AS_WRITTEN |= {"summary_en", "address_en", "transport_en", "visitor_notice_en", "environment", "version"}

_KINDS = {
    "content": {"knowledge": "知识", "news": "资讯", "technology": "技术"},
    "identity": privacy.REQUESTS,
    "registry": registry.DIFFERENCES | registry.DEAD_KINDS | registry.KEY_KINDS,
    "visits": visits.STRIKE,
    "sites": {
        "closed": "闭馆",
        "special_opening": "临时开放",
        "total_emissions": "碳排放总量",
        "emissions_per_floor_area": "单位建筑面积碳排放量",
        "emissions_per_visitor": "单位接待游客人数碳排放量",
    },
}
_STATES = {
    "identity": privacy.STATES,
    "visits": {"open": "开放", "closed": "关闭"},
    "feedback": {name: said for name, (said, _) in feedback.STATES.items()},
    "registry": {
        **registry.OBJECTION_STATES,
        **{name: said for name, (said, _) in registry.DEAD_STATES.items()},
        **{name: said for name, (said, _) in registry.SUBSCRIPTION_STATES.items()},
        "received": "登记系统已收到",
        "applied": "已更正",
        "rejected": "不成立",
        "refused": "没有接受",
        "pending": "等待处理",
    },
}
_BY_AREA: Mapping[str, Mapping[str, Mapping[str, str]]] = {"kind": _KINDS, "state": _STATES}
_EVERYWHERE: Mapping[str, Mapping[str, str]] = {
    "role": ROLE_NAMES,
    "overlay": {name: said for name, (said, _) in sites.OVERLAYS.items()},
    "lifecycle": sites.LIFECYCLES,
    "reason_code": sites.REASONS,
    "closed_reason": sites.REASONS,
    "booking_mode": {"none": "不用预约", "slots": "按场次预约"},
    "type": dictionary.TYPES,
    "level": dictionary.LEVELS,
    "district": dictionary.DISTRICTS,
    "status": visits.STATUS,
    "channel": {**privacy.CHANNELS, **visits.CHANNEL},
    "purpose": {**privacy.PURPOSES, "invitation": "邀请", "password_reset": "重置密码"},
    "decision": {**registry.DECISIONS, "approved": "通过", "returned": "退回"},
    "step": {step.value: said for step, said in STEP_NAMES.items()},
    "standing": {"draft": "未发布", "live": "已发布", "retracted": "已撤回", "expired": "已到期"},
    "word_list": {"wrong": "错别词", "sensitive": "敏感词"},
    "official_state": {name: said for name, (said, _) in content.OFFICIAL.items()},
    "outcome": registry.OUTCOMES | failures.OFFICIAL,
    "held_because": registry.HELD | feedback.HELD,
    "picture_state": {name: said for name, (said, _) in feedback.PICTURES.items()},
    "subject_type": feedback.SUBJECTS,
    "scopes": registry.SCOPES,
    "types": registry.EVENT_TYPES,
    "field": sites.FIELD_NAMES,
    "fields": {"name": "姓名", "phone": "手机号"},
    "act": change_words.ACTS,
    "treatment": change_words.EFFECTS,
    "by": {
        "member": "本人",
        "staff": "工作人员",
        "site": "示范点",
        "authority": "主管部门",
        "system": "系统",
        "operator": "服务器操作员",
    },
    "op": {Op.UPSERT.value: "新增或更新", Op.TOMBSTONE.value: "移除", Op.RECALL.value: "召回"},
    "operation": {"upsert": "新增或更新", "tombstone": "移除"},
    "scope": {"city": "全市"},
}

Said = list[tuple[str, str]]


def say_facts(values: Mapping[str, Any] | None, action: str) -> tuple[Said, Said]:
    """The facts in words, and those that have none, as the program holds them."""
    said: Said = []
    technical: Said = []
    for name, value in _spread(values or {}):
        text = None if name in TECHNICAL or name not in FIELDS else _say(name, value, action)
        if text is None:
            technical.append(
                (name, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
            )
        else:
            said.append((FIELDS[name], text))
    return said, technical


def _spread(values: Mapping[str, Any]) -> Said | list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in values.items():
        found += value.items() if name in GROUPS and isinstance(value, dict) else [(name, value)]
    return found


def _say(name: str, value: Any, action: str) -> str | None:
    """One value in words; None where it has none."""
    match value:
        case None:
            return "—"
        case bool():
            return "是" if value else "否"
        case list():
            each = [_say(name, one, action) for one in value]
            return "、".join(one for one in each if one) or "—" if None not in each else None
        case dict():
            return None
        case int() | float():
            return _number(name, value)
    return _text(name, str(value), action)


def _number(name: str, value: float) -> str:
    if name in ENTRIES:
        entry: Any = ENTRIES[name]
        return str(entry.write(SimpleNamespace(**{name: value})))
    if name in _MINUTES:
        return clock(int(value))
    if name == "half_points":
        return f"{points(int(value))} 次"
    if name in {"weekdays", "weekly_closing_weekday"}:
        return dict(sites.WEEKDAYS).get(str(value), str(value))
    return str(value)


def _text(name: str, text: str, action: str) -> str | None:
    words = _words_of(name, action)
    if text in words:
        return words[text]
    if name in ENTRIES:
        entry: Any = ENTRIES[name]
        return str(entry.write(SimpleNamespace(**{name: text})))
    if _INSTANT.fullmatch(text):
        return say_instant(datetime.fromisoformat(text))
    if _DAY.fullmatch(text):
        return say_day(date.fromisoformat(text))
    if name not in _AS_WRITTEN and _WORD_OF_A_PROGRAM.fullmatch(text):
        return None
    return text


def _words_of(name: str, action: str) -> Mapping[str, str]:
    if name in _BY_AREA:
        return _BY_AREA[name].get(action.partition(".")[0], {})
    return _EVERYWHERE.get(name, {})
