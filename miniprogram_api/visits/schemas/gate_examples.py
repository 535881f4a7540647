"""Examples of the gate and of standing for the served documents."""

from typing import Any

_CODE = "v1.k1.AZqP…KQAF.3q2-7w…"
_SLOT = {
    "id": "019ab0c4-6f2e-7c11-8a44-3f0d5a6b7c8d",
    "starts_at": "2026-11-25T09:00:00+08:00",
    "ends_at": "2026-11-25T10:00:00+08:00",
}
SCAN: dict[str, Any] = {
    "site_id": "019ab0c2-1d3e-7a55-9b66-5e4f3a2b1c0d",
    "code": _CODE,
    "nonce": "gate-1-000042",
    "seats": 2,
}
SCANNED: dict[str, Any] = {
    "id": "019ab0c5-2222-7d3e-8f00-112233445566",
    "result": "ok",
    "booking": {
        "id": "019ab0c4-9999-7aaa-8bbb-0123456789ab",
        "number": "261125-7KQ2M9XA",
        "channel": "app",
        "slot": _SLOT,
        "party": {"adults": 2, "children": 1},
        "wheelchairs": 0,
        "sign_language": False,
        "seats": 3,
        "contact": {"name_masked": "张**", "phone_masked": "138****8000"},
    },
    "admitted_now": 2,
    "admitted": 2,
    "remaining": 1,
    "first_scan": None,
}
LOOKUP: dict[str, Any] = {"site_id": SCAN["site_id"], "code": _CODE}
LOOKED_UP: dict[str, Any] = {
    "result": "ok",
    "booking": SCANNED["booking"],
    "admitted": 0,
    "remaining": 3,
    "first_scan": None,
}
SCANS: dict[str, Any] = {
    "items": [
        {
            "id": SCANNED["id"],
            "at": "2026-11-25T09:02:00+08:00",
            "received_at": "2026-11-25T09:02:00+08:00",
            "gate": "东门 1 号",
            "result": "ok",
            "booking_id": SCANNED["booking"]["id"],
            "booking_number": SCANNED["booking"]["number"],
            "admitted_now": 2,
            "admitted": 2,
            "remaining": 1,
            "undone_at": None,
            "undone_by": None,
            "undo_reason": None,
        }
    ],
    "next_cursor": None,
}
UNDONE: dict[str, Any] = {**SCANNED, "admitted_now": 0, "admitted": 0, "remaining": 3}
WALK_IN: dict[str, Any] = {
    "site_id": SCAN["site_id"],
    "slot_id": _SLOT["id"],
    "party": {"adults": 2, "children": 1},
    "nonce": "gate-1-000043",
}
WALKED_IN: dict[str, Any] = {
    **SCANNED,
    "booking": {**SCANNED["booking"], "channel": "walk_in", "contact": None},
    "admitted_now": 3,
    "admitted": 3,
    "remaining": 0,
}
DEPARTURE: dict[str, Any] = {"site_id": SCAN["site_id"], "seats": 3, "nonce": "gate-1-000044"}
DEPARTED: dict[str, Any] = {"id": SCANNED["id"], "seats": 3, "inside": 47}
_FIGURES = {"booked": 60, "arrived": 50, "walk_ins": 4, "no_shows": 2}
OCCUPANCY: dict[str, Any] = {
    "site_id": SCAN["site_id"],
    "date": "2026-11-25",
    "inside": 47,
    "entered": 50,
    "departed": 3,
    **_FIGURES,
    "slots": [
        {
            "slot_id": _SLOT["id"],
            "starts_at": _SLOT["starts_at"],
            "ends_at": _SLOT["ends_at"],
            "capacity": 80,
            **_FIGURES,
            "missing": 1,
        }
    ],
}
STRIKE: dict[str, Any] = {
    "id": "019ab0c6-3333-7e4f-8a11-223344556677",
    "booking_id": SCANNED["booking"]["id"],
    "booking_number": SCANNED["booking"]["number"],
    "kind": "no_show",
    "points": 1.0,
    "struck_at": "2026-11-25T10:30:00+08:00",
    "counts_until": "2027-05-24T10:30:00+08:00",
    "waived_at": None,
}
STANDING: dict[str, Any] = {"points": 1.0, "warned": False, "barred_until": None, "strikes": [STRIKE]}
CORRECTED: dict[str, Any] = {
    "id": SCANNED["booking"]["id"],
    "number": SCANNED["booking"]["number"],
    "status": "admitted",
    "seats": 3,
    "admitted": 3,
}
