"""The package with which a gate works for a day without a network: signed, and unreadable without tickets.

Nobody who finds the package reads a name in it. Each record lies under a tag and is sealed with a key that
both come from a code that a visitor shows: the signed one, or the short one as typed. The salt is the day's
and the site's, so yesterday's work opens nothing today. The short code has 40 bits, so its lock is slow.
"""

import base64
import json
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.kernel import crypto
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.crypto import Lock
from miniprogram_api.visits import tickets
from miniprogram_api.visits.queries import bundles as queries
from miniprogram_api.visits.queries import occupancy
from miniprogram_api.visits.queries.bundles import Expected
from miniprogram_api.visits.queries.occupancy import SlotFigures
from miniprogram_api.visits.rules.bookings import instant_text
from miniprogram_api.visits.rules.policy import DAY_MINUTES

ROUNDS = 10_000
_SALT = "gate-bundle"
_FirstScans = dict[UUID, tuple[datetime, str]]


def make_bundle(session: Session, *, site_id: UUID, on: date, now: datetime) -> dict[str, Any]:
    """The package of a site's day; the caller has checked that the scanner works there."""
    salt = crypto.blind_index(f"{site_id}|{on.isoformat()}", purpose=_SALT)
    bundle = {
        "version": 1,
        "site_id": str(site_id),
        "date": on.isoformat(),
        "generated_at": instant_text(now),
        "valid_until": instant_text(beijing_time(on, DAY_MINUTES)),
        "keys": verify_keys(),
        "revoked": [str(ticket_id) for ticket_id in queries.list_revoked(session, site_id, on)],
        "slots": [_slot(slot) for slot in occupancy.list_slot_figures(session, site_id, on, now)],
        "locks": {"salt": _text(salt), "rounds": ROUNDS},
        "roster": _roster(
            queries.list_expected(session, site_id, on), queries.first_scans(session, site_id, on), salt
        ),
    }
    key_id, signature = crypto.sign(canonical(bundle))
    return bundle | {"signature": {"key_id": key_id, "value": _text(signature)}}


def verify_keys() -> list[dict[str, str]]:
    """The keys that tickets and packages are checked with."""
    return [
        {"key_id": kid, "algorithm": "Ed25519", "public_key": _text(raw)}
        for kid, raw in crypto.verify_keys().items()
    ]


def canonical(bundle: dict[str, Any]) -> bytes:
    """The one spelling of a package that is signed: JSON, keys sorted, no spaces, without the signature."""
    unsigned = {name: value for name, value in bundle.items() if name != "signature"}
    return json.dumps(unsigned, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _roster(expected: list[Expected], came: _FirstScans, salt: bytes) -> dict[str, str]:
    """Each party's record twice, by either code; sorted by tag, so that the order tells nothing."""
    records: dict[str, str] = {}
    for party in expected:
        code = tickets.issue(party.claims, key_id=party.key_id)
        record = _record(party, code) | {"first_scan": _first_scan(came.get(party.booking_id))}
        plain = json.dumps(record, ensure_ascii=False).encode()
        for lock in (crypto.lock_of(code, salt=salt), _slow_lock(party.short_code, salt)):
            records[_text(lock.tag)] = _text(lock.seal(plain))
    return dict(sorted(records.items()))


@lru_cache(maxsize=4096)
def _slow_lock(short_code: str, salt: bytes) -> Lock:
    # Gates fetch the package every few minutes; what is slow on purpose is done once a day for a ticket.
    return crypto.slow_lock_of(short_code, salt=salt, rounds=ROUNDS)


def _record(party: Expected, code: str) -> dict[str, Any]:
    return {
        "code": code,
        "booking_id": str(party.booking_id),
        "number": party.number,
        "starts_at": instant_text(party.starts_at),
        "ends_at": instant_text(party.ends_at),
        "adults": party.adults,
        "children": party.children,
        "wheelchairs": party.wheelchairs,
        "sign_language": party.sign_language,
        "seats": party.seats,
        "admitted": party.admitted,
        "name_masked": party.name_masked,
        "phone_masked": party.phone_masked,
    }


def _first_scan(first: tuple[datetime, str] | None) -> dict[str, str] | None:
    return None if first is None else {"at": instant_text(first[0]), "gate": first[1]}


def _slot(slot: SlotFigures) -> dict[str, Any]:
    return {
        "slot_id": str(slot.slot_id),
        "starts_at": instant_text(slot.starts_at),
        "ends_at": instant_text(slot.ends_at),
        "capacity": slot.capacity,
        "booked": slot.booked,
        "arrived": slot.arrived,
        "walk_ins": slot.walk_ins,
        "no_shows": slot.no_shows,
        "missing": slot.missing,
    }


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
