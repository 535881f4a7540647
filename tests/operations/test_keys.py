"""A new key takes over: everything is read with it alone; old tickets admit until the old key is dropped."""

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from miniprogram_api.feedback.models import FeedbackState
from miniprogram_api.feedback.queries.sealed import seal
from miniprogram_api.identity import totp
from miniprogram_api.identity.models import Member, StaffAccount
from miniprogram_api.identity.service import members
from miniprogram_api.kernel import clock, crypto
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.operations import keys
from miniprogram_api.registry.models.partners import KeyKind
from miniprogram_api.registry.service import subscriptions
from miniprogram_api.visits import personal
from miniprogram_api.visits.models import Booking, Slot, Visitor
from tests.conftest import Clock
from tests.factories import notices as notice_factory
from tests.factories import partners as partner_factory
from tests.factories.feedback import make_feedback
from tests.factories.gate import Gate
from tests.factories.members import give_phone, sign_in
from tests.factories.sites import make_site
from tests.factories.staff import SECRET, make_staff
from tests.factories.visits import WEDNESDAY_AT_NINE, make_policy, make_slot
from tests.support.booking import CONTACT
from tests.support.booking import Visitor as Guest

OLD, NEW = ("old", bytes(range(32))), ("new", bytes(range(32, 64)))
INDEX_KEY = bytes(range(64, 96))


def install(*ring: tuple[str, bytes]) -> None:
    crypto.configure(keys=ring, index_key=INDEX_KEY)


@pytest.fixture
def site(app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> UUID:
    monkeypatch.setattr(crypto._Installed, "ring", None)  # so that it is put back
    install(OLD)
    with atomic() as session:
        site = make_site(session)
        make_slot(session, site.id, policy=make_policy(session, site.id, real_name="all"))
        make_staff(session, "li.hua")
        member = sign_in(session, openid="o-alice", unionid="u-alice").member
        give_phone(session, member.id)
        return site.id


@pytest.fixture
def booked(app: Flask, site: UUID) -> tuple[Guest, str]:
    """Alice and the code of her ticket."""
    with reading() as session:
        slot = session.scalars(select(Slot.id)).one()
    guest = Guest(app, "o-alice")
    named = {"name": "李四", "id_type": "passport", "id_number": "E12345678"}
    booking = guest.booked(slot, contact=CONTACT, visitors=[named])
    exchange_with_registry()
    return guest, booking["ticket"]["code"]


def exchange_with_registry() -> None:
    """A partner that signs, its subscription with a second secret, and an objection that was answered."""
    now = clock.now()
    with atomic() as session:
        partner = partner_factory.make_client(session, kind=KeyKind.HMAC).client
        subscription = subscriptions.add_approved(
            session, partner_id=partner.id, url="https://registry.example/inbox", now=now
        )
        session.flush()
        subscriptions.rotate_secret(session, subscription, actor=SYSTEM, now=now)
        member = session.scalars(select(Member)).one()
        objection = notice_factory.make_objection(session, member_id=member.id)
        for field in ("title", "answer"):
            cipher = crypto.encrypt("核实", context=f"registry_objections.{field}:{objection.id}")
            setattr(objection, f"{field}_cipher", cipher)
        answered = make_feedback(session, member_id=member.id, state=FeedbackState.ANSWERED)
        seal(answered, "reason", "核实")


def rotate() -> int:
    return keys.rotate(lambda _column, _done: None)


def everything_read() -> dict[str, str | None]:
    with reading() as session:
        member = session.scalars(select(Member)).one()
        account = session.scalars(select(StaffAccount)).one()
        booking, visitor = session.scalars(select(Booking)).one(), session.scalars(select(Visitor)).one()
        assert account.totp_cipher is not None
        return {
            "openid": members.get_openid(session, member.id),
            "totp": totp.open_secret(account.totp_cipher, staff_id=account.id),
            "contact": personal.contact_name(booking),
            "phone": personal.contact_phone(booking),
            "visitor": personal.visitor_name(visitor),
            "id": personal.id_number(visitor),
        }


@pytest.mark.usefixtures("booked")
def test_everything_is_read_with_the_new_key_alone() -> None:
    before = everything_read()
    install(NEW, OLD)
    assert everything_read() == before
    columns = len(keys.encrypted_columns())
    assert rotate() == columns  # a row of each: a column whose context broke the rule would have failed
    install(NEW)
    assert everything_read() == before
    assert before["totp"] == SECRET


@pytest.mark.usefixtures("booked")
def test_rotating_again_changes_nothing() -> None:
    install(NEW, OLD)
    rotate()
    assert rotate() == 0


def test_a_rotation_is_in_the_audit_trail(site: UUID) -> None:
    install(NEW, OLD)
    changed = rotate()
    rotate()
    with reading() as session:
        told = select(AuditRow).where(AuditRow.action == "operations.keys_rotated").order_by(AuditRow.id)
        first, second = session.scalars(told)
    assert (first.object_type, first.object_id) == ("key", "new")
    assert first.after is not None
    assert first.after["changed"]["identity_members.phone_cipher"] == 1
    assert sum(first.after["changed"].values()) == changed
    assert second.after == {"changed": {}}


def test_a_rotation_that_was_stopped_goes_on(monkeypatch: pytest.MonkeyPatch, site: UUID) -> None:
    monkeypatch.setattr(keys, "BATCH", 2)
    with atomic() as session:
        for number in range(5):
            sign_in(session, openid=f"o-{number}")
    install(NEW, OLD)

    class Stopped(Exception):
        pass

    def stop(_column: str, done: int) -> None:
        raise Stopped

    with pytest.raises(Stopped):
        keys.rotate(stop)
    remaining = rotate()
    install(NEW)
    with reading() as session:
        ids = list(session.scalars(select(Member.id)))
        assert len([members.get_openid(session, member_id) for member_id in ids]) == 6
    assert remaining > 0


def test_a_value_changed_meanwhile_is_the_newer_one(monkeypatch: pytest.MonkeyPatch, site: UUID) -> None:
    install(NEW, OLD)
    write = keys._write_again

    def change_then_write(encrypted: keys.EncryptedColumn, rows: list[tuple[UUID, str]]) -> int:
        if encrypted.column.name == "phone_cipher":
            with atomic() as session:
                give_phone(session, rows[0][0], "13900139000")
        return write(encrypted, rows)

    monkeypatch.setattr(keys, "_write_again", change_then_write)
    rotate()
    with reading() as session:
        member = session.scalars(select(Member)).one()
        assert member.phone_cipher is not None
        assert (
            crypto.decrypt(member.phone_cipher, context=f"identity_members.phone:{member.id}")
            == "13900139000"
        )


def test_a_ticket_of_the_old_key_admits_until_the_key_is_dropped(
    app: Flask, booked: tuple[Guest, str], site: UUID, clock: Clock
) -> None:
    _, code = booked
    clock.set(WEDNESDAY_AT_NINE)
    gate = Gate(app, site)
    install(NEW)
    assert gate.scan(code)["result"] == "invalid"
    install(NEW, OLD)
    assert gate.scan(code)["result"] == "ok"


def test_a_member_is_shown_a_ticket_of_a_key_that_verifies(
    app: Flask, booked: tuple[Guest, str], site: UUID, clock: Clock
) -> None:
    guest, code = booked
    install(NEW, OLD)
    rotate()
    install(NEW)
    clock.set(WEDNESDAY_AT_NINE)
    guest.sign_in()
    (booking,) = guest.get("/api/v1/bookings?state=upcoming").get_json()["items"]
    shown = guest.get(f"/api/v1/bookings/{booking['id']}/ticket").get_json()["code"]
    assert shown != code
    assert Gate(app, site).scan(shown)["result"] == "ok"
