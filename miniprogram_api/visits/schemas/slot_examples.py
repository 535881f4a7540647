"""Examples of slots and policies for the API's documents."""

from typing import Any

from miniprogram_api.visits.rules.policy import DEFAULT, to_numbers
from miniprogram_api.visits.rules.policy_words import in_words

_ID = "0193b0c2-7a10-7c3e-9a55-2f6d0c1b7e21"
_SITE = "0193b0c2-6f00-7b1a-8c44-1e5c9b0a6d10"
_TIMES = {"starts_at": "2026-11-25T09:00:00+08:00", "ends_at": "2026-11-25T10:00:00+08:00"}

SLOT: dict[str, Any] = {
    "id": _ID,
    "site_id": _SITE,
    **_TIMES,
    "capacity": 20,
    "left": 20,
    "children_left": None,
    "wheelchairs_left": None,
    "sign_language_left": None,
    "state": "not_released",
    "reason": {"code": "not_released", "text": "11月24日 18:00 开放预约。"},
    "opens_at": "2026-11-24T18:00:00+08:00",
    "provisional": False,
    "waitlist": False,
}
SLOTS = {
    "items": [SLOT],
    "closed_days": [{"date": "2026-11-26", "reason": "maintenance", "text": "设备检修"}],
    "next_cursor": None,
}
SLOT_DESK: dict[str, Any] = {
    "id": _ID,
    "site_id": _SITE,
    **_TIMES,
    "releases_at": "2026-11-18T18:00:00+08:00",
    "books_until": "2026-11-25T08:00:00+08:00",
    "capacity": 20,
    "booked": 3,
    "held": 0,
    "child_capacity": None,
    "children_booked": 1,
    "wheelchair_capacity": 2,
    "wheelchairs_booked": 0,
    "sign_language_capacity": None,
    "sign_language_booked": 0,
    "state": "open",
    "closed_reason": None,
    "closed_text": None,
    "closure_id": None,
    "rule_id": None,
    "edited": True,
    "provisional": False,
}
SLOTS_DESK = {"items": [SLOT_DESK], "next_cursor": None}
ADD_SLOT = {**_TIMES, "capacity": 20, "wheelchair_capacity": 2}
EDIT_SLOT = {"state": "closed", "reason_code": "maintenance", "public_text": "设备检修"}
_HITS = {
    "slots": 1,
    "seats": 3,
    "bookings_total": 1,
    "bookings": [
        {
            "id": "0193b0c2-8b20-7d4f-8b66-3a7e1d2c8f32",
            "number": "B7K2M9Q4",
            "slot_id": _ID,
            "starts_at": _TIMES["starts_at"],
            "seats": 3,
        }
    ],
}
SLOT_PREVIEW: dict[str, Any] = {name: value for name, value in SLOT_DESK.items() if name != "id"}
PATCHED_SLOT = {**SLOT_DESK, "called_off": _HITS}
_TOUCHED = {"id": _ID, **_TIMES, "taken": 3}
REPORT = {
    "first_on": "2026-11-23",
    "last_on": "2026-12-23",
    "made": [{**_TIMES, "capacity": 20, "closed": False, "provisional": False}],
    "removed": [],
    "altered": [_TOUCHED],
    "closed": [_TOUCHED],
    "hit": [],
    "bookings_hit": 0,
    "called_off": _HITS,
    "kept": 120,
    "provisional_days": [],
}
_POLICY = {
    "version": 2,
    "effective_on": "2026-12-01",
    "numbers": to_numbers(DEFAULT),
    "words": in_words(DEFAULT),
}
POLICY_HISTORY = {**_POLICY, "history": [_POLICY]}
CHANGE_POLICY = {"effective_on": "2026-12-01", "numbers": {"window_days": 14, "party_max": 6}}
POLICY_OUTLOOK = {**_POLICY, "slots": 96, "slots_taken": 12}
