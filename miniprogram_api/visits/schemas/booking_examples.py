"""Examples of the wire formats of bookings, for the OpenAPI documents."""

from typing import Any

TICKET: dict[str, Any] = {
    "code": "v1.k1.AZq1zW0YcQK4bE1mJX2n8g.c2lnbmF0dXJl",
    "short_code": "7KQ2M9XA",
    "seats": 3,
    "valid_from": "2026-11-25T08:45:00+08:00",
    "valid_until": "2026-11-25T09:30:00+08:00",
}
BOOKING: dict[str, Any] = {
    "id": "019ab1c2-7d10-7000-8000-0000000000b1",
    "number": "261125-5F3M8T2C",
    "status": "confirmed",
    "channel": "app",
    "site": {
        "id": "019ab1c2-7d10-7000-8000-000000000001",
        "code": "CC-001",
        "name": "示例低碳科技馆",
        "address": "长春市净月区示例路 1 号",
    },
    "slot": {
        "id": "019ab1c2-7d10-7000-8000-0000000000a1",
        "starts_at": "2026-11-25T09:00:00+08:00",
        "ends_at": "2026-11-25T10:00:00+08:00",
    },
    "visit_on": "2026-11-25",
    "seats": 3,
    "party": {"adults": 2, "children": 1},
    "needs": {"wheelchair": 0, "sign_language": False},
    "admitted": 0,
    "contact": {"name_masked": "张**", "phone_masked": "138****8000"},
    "visitors": [],
    "cancel_free_until": "2026-11-24T20:00:00+08:00",
    "cancel_until": "2026-11-25T09:00:00+08:00",
    "created_at": "2026-11-23T10:00:00+08:00",
    "cancelled_at": None,
    "cancelled_by": None,
    "cancel_reason": None,
    "ticket": TICKET,
}
BOOK: dict[str, Any] = {
    "slot_id": "019ab1c2-7d10-7000-8000-0000000000a1",
    "party": {"adults": 2, "children": 1},
    "contact": {"name": "张三丰", "phone": "13800138000"},
}
DESK_BOOK: dict[str, Any] = {**BOOK, "channel": "phone"}
BOOKINGS: dict[str, Any] = {"items": [BOOKING], "next_cursor": None}
CANCEL: dict[str, Any] = {"reason": "行程有变"}
RESCHEDULE: dict[str, Any] = {"slot_id": "019ab1c2-7d10-7000-8000-0000000000a2"}
PLACE_HOLD: dict[str, Any] = {"slot_id": "019ab1c2-7d10-7000-8000-0000000000a1", "seats": 3}
HOLD: dict[str, Any] = {
    "id": "019ab1c2-7d10-7000-8000-0000000000c1",
    "slot_id": "019ab1c2-7d10-7000-8000-0000000000a1",
    "seats": 3,
    "expires_at": "2026-11-23T10:10:00+08:00",
    "extended": False,
}
PHONE_CALENDAR: dict[str, Any] = {
    "title": "参观示例低碳科技馆",
    "startTime": 1795568400,
    "endTime": "1795572000",
    "location": "长春市净月区示例路 1 号",
    "description": "预约号 261125-5F3M8T2C，3 人",
    "alarm": True,
    "alarmOffset": 3600,
}
FEED: dict[str, Any] = {"url": "https://example.org/api/v1/calendars/kZ3….ics"}
