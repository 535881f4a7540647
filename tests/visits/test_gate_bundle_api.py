"""The day's package of a gate: signed, private, and opened by whoever is shown a ticket."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Booking, Slot, Ticket
from miniprogram_api.visits.tickets import verify
from tests.conftest import Clock
from tests.factories.gate import Gate, code_of, current_ticket, short_code_of
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import WEDNESDAY_AT_NINE, make_booking, make_slot
from tests.support.clients import BearerClient
from tests.support.statements import statements
from tests.support.withdrawing import give_contact

DAY = "2026-11-25"
NAME, PHONE = "欧阳小明", "13912345678"


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    clock.set(WEDNESDAY_AT_NINE)
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def slot(site: Site) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id)


@pytest.fixture
def gate(app: Flask, site: Site) -> Gate:
    return Gate(app, site.id)


@pytest.fixture
def booking(slot: Slot) -> Booking:
    with atomic() as session:
        booking = make_booking(session, session.get_one(Slot, slot.id), adults=2, children=1)
        give_contact(booking, NAME, PHONE)
        return booking


def fetch(gate: BearerClient, site: Site, on: str = DAY) -> dict[str, Any]:
    answer = gate.get(f"/api/staff/v1/gate/bundle?site_id={site.id}&date={on}")
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def opened(bundle: dict[str, Any], code: str) -> dict[str, Any] | None:
    """The record of a code, found and opened as a gate does it."""
    salt = raw(bundle["locks"]["salt"])
    if "." in code:
        derive = HKDF(hashes.SHA256(), 48, salt, b"miniprogram_api/v1/lock").derive
        lock = derive(code.encode())
    else:
        lock = hashlib.pbkdf2_hmac("sha256", code.encode(), salt, bundle["locks"]["rounds"], 48)
    sealed = bundle["roster"].get(text(lock[:16]))
    if sealed is None:
        return None
    plain = AESGCM(lock[16:]).decrypt(raw(sealed)[:12], raw(sealed)[12:], None)
    return dict(json.loads(plain))


def test_either_code_of_a_ticket_opens_its_record_and_no_other(
    gate: Gate, site: Site, booking: Booking
) -> None:
    bundle = fetch(gate, site)
    by_code, by_short = opened(bundle, code_of(booking)), opened(bundle, short_code_of(booking))
    assert by_code is not None
    assert by_code == by_short
    assert (by_code["name_masked"], by_code["phone_masked"]) == ("欧***", "139****5678")
    assert (by_code["seats"], by_code["admitted"], by_code["number"]) == (3, 0, booking.number)
    assert by_code["code"] == code_of(booking)
    assert opened(bundle, "ABCDEFGH") is None
    head, signed = code_of(booking).rsplit(".", 1)
    assert opened(bundle, f"{head}.{'B' if signed[0] == 'A' else 'A'}{signed[1:]}") is None


def test_whoever_finds_the_package_reads_nothing_of_anybody(gate: Gate, site: Site, booking: Booking) -> None:
    written = json.dumps(fetch(gate, site), ensure_ascii=False)
    secrets = (NAME, PHONE, NAME[0], "****", booking.number, str(booking.id), short_code_of(booking))
    assert [secret for secret in (*secrets, code_of(booking)) if secret in written] == []


def test_the_package_is_signed_as_a_whole(gate: Gate, site: Site, booking: Booking) -> None:
    bundle = fetch(gate, site)
    signature = bundle.pop("signature")
    (key,) = [key for key in bundle["keys"] if key["key_id"] == signature["key_id"]]
    public = Ed25519PublicKey.from_public_bytes(raw(key["public_key"]))

    def check() -> None:
        spelled = json.dumps(bundle, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        public.verify(raw(signature["value"]), spelled.encode())

    check()
    bundle["revoked"] = ["01a22d18-0000-7000-8000-000000000000"]
    with pytest.raises(InvalidSignature):
        check()


def test_its_keys_check_tickets(gate: Gate, site: Site, booking: Booking) -> None:
    version, key_id, payload, signature = code_of(booking).split(".")
    (key,) = [key for key in fetch(gate, site)["keys"] if key["key_id"] == key_id]
    public = Ed25519PublicKey.from_public_bytes(raw(key["public_key"]))
    public.verify(raw(signature), f"{version}.{key_id}.{payload}".encode())


def test_it_says_for_which_day_it_is_and_until_when(gate: Gate, site: Site, booking: Booking) -> None:
    bundle = fetch(gate, site)
    assert (bundle["date"], bundle["generated_at"]) == (DAY, "2026-11-25T09:00:00+08:00")
    assert bundle["valid_until"] == "2026-11-26T00:00:00+08:00"
    assert [slot["booked"] for slot in bundle["slots"]] == [3]
    today = gate.get(f"/api/staff/v1/gate/bundle?site_id={site.id}").get_json()
    assert today["date"] == DAY


def test_another_day_has_another_salt_and_not_this_party(gate: Gate, site: Site, booking: Booking) -> None:
    today, tomorrow = fetch(gate, site), fetch(gate, site, "2026-11-26")
    assert today["locks"]["salt"] != tomorrow["locks"]["salt"]
    assert (tomorrow["roster"], tomorrow["slots"]) == ({}, [])


def test_a_cancelled_booking_is_on_the_list_of_the_revoked(
    app: Flask, gate: Gate, site: Site, booking: Booking
) -> None:
    code = code_of(booking)
    manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
    path = f"/api/staff/v1/bookings/{booking.id}/cancel"
    assert manager.post(path, json={"reason": "来电取消"}).status_code == 200
    bundle = fetch(gate, site)
    assert bundle["revoked"] == [str(verify(code).ticket_id)]
    assert bundle["roster"] == {}


def test_a_ticket_that_was_moved_to_another_day_is_revoked_on_its_own(
    gate: Gate, site: Site, slot: Slot, booking: Booking
) -> None:
    with reading() as session:
        before: Ticket = current_ticket(session, booking.id)
    with atomic() as session:
        from datetime import timedelta

        from miniprogram_api.visits.rules import policy
        from miniprogram_api.visits.service import ticketing

        later = make_slot(session, site.id, starts_at=slot.starts_at + timedelta(days=1))
        moved = session.get_one(Booking, booking.id)
        moved.slot_id, moved.visit_on = later.id, later.visit_on
        ticketing.reissue(
            session,
            booking_id=booking.id,
            seats=3,
            starts_at=later.starts_at,
            ends_at=later.ends_at,
            policy=policy.DEFAULT,
            now=WEDNESDAY_AT_NINE,
        )
    assert fetch(gate, site)["revoked"] == [str(before.id)]


def test_who_has_come_is_counted_in_the_record(gate: Gate, site: Site, booking: Booking) -> None:
    gate.scan(code_of(booking), seats=2)
    record = opened(fetch(gate, site), code_of(booking))
    assert record is not None
    assert record["admitted"] == 2
    assert record["first_scan"] == {"at": "2026-11-25T09:00:00+08:00", "gate": "东门"}


def test_another_sites_package_is_not_there(app: Flask, gate: Gate) -> None:
    with atomic() as session:
        other = make_site(session)
    assert gate.get(f"/api/staff/v1/gate/bundle?site_id={other.id}&date={DAY}").status_code == 404


def test_it_takes_as_many_statements_for_many_parties(
    gate: Gate, site: Site, slot: Slot, booking: Booking
) -> None:
    with statements() as few:
        fetch(gate, site)
    with atomic() as session:
        for _ in range(5):
            make_booking(session, session.get_one(Slot, slot.id))
    with statements() as many:
        fetch(gate, site)
    assert len(many) == len(few) <= 12


class TestLookingUp:
    def test_it_answers_what_a_scan_would_and_has_no_effect(
        self, gate: Gate, site: Site, booking: Booking
    ) -> None:
        for code in (code_of(booking), short_code_of(booking)):
            looked = look_up(gate, code)
            assert (looked["result"], looked["remaining"], looked["admitted"]) == ("ok", 3, 0)
            assert looked["booking"]["contact"]["name_masked"] == "欧***"
        assert gate.scan(code_of(booking), seats=1)["result"] == "ok"
        looked = look_up(gate, code_of(booking))
        assert (looked["result"], looked["remaining"], looked["first_scan"]["gate"]) == ("ok", 2, "东门")

    def test_a_ticket_of_another_site_is_shown_to_nobody(self, gate: Gate) -> None:
        with atomic() as session:
            elsewhere = make_booking(session, make_slot(session, make_site(session).id))
        looked = look_up(gate, code_of(elsewhere))
        assert (looked["result"], looked["booking"]) == ("wrong_site", None)

    def test_typed_codes_are_limited(self, gate: Gate, booking: Booking) -> None:
        statuses = [gate.send_lookup("WRONGCOD").status_code for _ in range(11)]
        assert statuses == [200] * 10 + [429]
        assert look_up(gate, code_of(booking))["result"] == "ok"


def look_up(gate: Gate, code: str) -> dict[str, Any]:
    answer = gate.send_lookup(code)
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_the_tag_is_no_plain_hash_of_a_code(gate: Gate, site: Site, booking: Booking) -> None:
    bundle = fetch(gate, site)
    short = short_code_of(booking).encode()
    salt = raw(bundle["locks"]["salt"])
    guesses = (hashlib.sha256(short).digest(), hmac.new(salt, short, hashlib.sha256).digest())
    assert all(text(guess[:16]) not in bundle["roster"] for guess in guesses)
    assert bundle["locks"]["rounds"] >= 10_000
