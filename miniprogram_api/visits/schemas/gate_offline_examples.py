"""Examples of gates without a network for the served documents."""

from typing import Any

from miniprogram_api.visits.schemas import gate_examples

_SITE = gate_examples.SCAN["site_id"]
_BOOKING = gate_examples.SCANNED["booking"]
BUNDLE: dict[str, Any] = {
    "version": 1,
    "site_id": _SITE,
    "date": "2026-11-25",
    "generated_at": "2026-11-25T08:40:00+08:00",
    "valid_until": "2026-11-26T00:00:00+08:00",
    "keys": [
        {"key_id": "k1", "algorithm": "Ed25519", "public_key": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    ],
    "revoked": ["019ab0c4-7777-7bbb-8ccc-0123456789ab"],
    "slots": gate_examples.OCCUPANCY["slots"],
    "locks": {"salt": "mYq2s0Tt1m8aJ0yJ3pXv0b8m3hFz6w3Zr2mC1kXn5uE", "rounds": 10000},
    "roster": {"tRk0v8o3q2mFh1c9dX4LwA": "kJ0p…"},
    "signature": {"key_id": "k1", "value": "5fQv…"},
}
BATCH: dict[str, Any] = {
    "site_id": _SITE,
    "scans": [
        {
            "code": gate_examples.SCAN["code"],
            "nonce": "gate-1-000051",
            "scanned_at": "2026-11-25T09:02:00+08:00",
            "seats": 3,
            "offline": True,
        }
    ],
}
TAKEN_IN: dict[str, Any] = {
    "items": [
        {
            **gate_examples.SCANNED,
            "nonce": "gate-1-000051",
            "result": "already_used",
            "admitted_now": 0,
            "admitted": 3,
            "remaining": 0,
            "first_scan": {"at": "2026-11-25T09:01:00+08:00", "gate": "西门 1 号"},
            "conflict_id": "019ab0c7-4444-7f5a-8b22-334455667788",
            "error": None,
        }
    ]
}
CONFLICT: dict[str, Any] = {
    "id": "019ab0c7-4444-7f5a-8b22-334455667788",
    "state": "open",
    "heads": 3,
    "opened_at": "2026-11-25T09:20:00+08:00",
    "scanned_at": "2026-11-25T09:02:00+08:00",
    "received_at": "2026-11-25T09:20:00+08:00",
    "gate": "东门 1 号",
    "result": "already_used",
    "admitted_now": 0,
    "first_at": "2026-11-25T09:01:00+08:00",
    "first_gate": "西门 1 号",
    "booking_id": _BOOKING["id"],
    "booking_number": _BOOKING["number"],
    "seats": 3,
    "admitted": 3,
    "starts_at": "2026-11-25T09:00:00+08:00",
    "ends_at": "2026-11-25T10:00:00+08:00",
    "name_masked": "张**",
    "closed_at": None,
    "closed_by": None,
    "note": None,
}
CLOSED: dict[str, Any] = {
    **CONFLICT,
    "state": "closed",
    "closed_at": "2026-11-25T11:00:00+08:00",
    "closed_by": "王敏",
    "note": "同一家人分两门进，已核对",
}
