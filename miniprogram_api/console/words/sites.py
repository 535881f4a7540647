"""How the desk of a site names states, reasons and steps, and what it says of consequences."""

from collections.abc import Iterator, Mapping
from typing import Any

from miniprogram_api.sites.rules import Lifecycle, Overlay, ReasonCode

OVERLAYS: Mapping[str, tuple[str, str]] = {
    Overlay.NONE.value: ("未启用", "quiet"),
    Overlay.PREPARING.value: ("筹备中", "quiet"),
    Overlay.PENDING_PUBLICATION.value: ("待发布", "warning"),
    Overlay.OPEN.value: ("开放中", "good"),
    Overlay.SUSPENDED.value: ("暂停开放", "warning"),
    Overlay.CLOSED.value: ("已关闭", "danger"),
}
LIFECYCLES: Mapping[str, str] = {
    Lifecycle.APPLIED.value: "已申报",
    Lifecycle.UNDER_REVIEW.value: "评审中",
    Lifecycle.REJECTED.value: "未通过",
    Lifecycle.PUBLIC_NOTICE.value: "公示中",
    Lifecycle.CONFIRMED.value: "已确认",
    Lifecycle.UNDER_CONSTRUCTION.value: "建设中",
    Lifecycle.TITLED.value: "已授牌",
    Lifecycle.RE_REVIEW.value: "复核中",
    Lifecycle.RECTIFYING.value: "整改中",
    Lifecycle.EXPIRED.value: "已到期",
    Lifecycle.WITHDRAWN.value: "已退出",
    Lifecycle.RECALLED.value: "已召回",
    Lifecycle.REMOVED.value: "已移除",
}
REASONS: Mapping[str, str] = {
    ReasonCode.MAINTENANCE.value: "设备检修",
    ReasonCode.WEATHER.value: "天气",
    ReasonCode.EVENT.value: "活动",
    ReasonCode.HOLIDAY.value: "节假日安排",
    ReasonCode.SAFETY.value: "安全",
    ReasonCode.OTHER.value: "其他",
}
WEEKDAYS = tuple((str(number), f"周{name}") for number, name in enumerate("一二三四五六日", 1))
# What the registry calls its fields, as people say it.
FIELD_NAMES: Mapping[str, str] = {
    "name": "名称",
    "name_en": "英文名称",
    "type_code": "类型",
    "level_code": "层次",
    "district_code": "所在区县",
    "operator": "运营单位",
    "geometry": "位置",
    "datum": "坐标系",
    "lifecycle": "项目状态",
    "lifecycle_since": "状态起始日期",
    "notice": "公示",
    "title": "称号",
    "re_review_due": "复核期限",
    "withdrawal": "退出",
    "education_base": "宣传教育基地",
    "official_carbon": "核定碳排放",
    "official_summary": "官方简介",
    "official_media": "官方图片",
    "share_class": "共享属性",
}


def say_consequences(followed: Mapping[str, Any]) -> Iterator[str]:
    """What a change of opening does to slots and bookings, in sentences; nothing where nothing follows."""
    if followed.get("made"):
        yield f"生成 {len(followed['made'])} 个场次。"
    if followed.get("removed"):
        yield f"删除 {len(followed['removed'])} 个没有预约的场次。"
    closed = {slot["id"] for slot in followed.get("closed", ())}
    altered = [slot for slot in followed.get("altered", ()) if slot["id"] not in closed]
    if altered:
        yield f"调整 {len(altered)} 个场次。"
    if closed:
        yield f"关闭 {len(closed)} 个场次。"
    called_off = followed.get("called_off") or {}
    if called_off.get("bookings_total"):
        yield f"取消 {called_off['bookings_total']} 个预约、{called_off['seats']} 人，并通知本人。"
    keeping = followed.get("hit_bookings") or {}
    if keeping.get("bookings_total"):
        yield (
            f"{keeping['slots']} 个场次已有 {keeping['bookings_total']} 个预约、{keeping['seats']} 人，"
            "照常接待，不再接受新预约。"
        )
    if followed.get("provisional_days"):
        yield f"{len(followed['provisional_days'])} 天的节假日安排还没有公布，场次先显示、不放票。"
