"""Looking at a contact: masked for everybody, and shown in full to few, one at a time, for a reason."""

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.visits.service.revealing import REVEALS
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import make_slot
from tests.support.booking import CONTACT, Visitor
from tests.support.clients import BearerClient

REASON = {"reason": "观众遗失物品"}


@pytest.fixture
def site(app: Flask, clock: Clock) -> UUID:
    with atomic() as session:
        return make_site(session).id


@pytest.fixture
def guest(app: Flask, site: UUID) -> Visitor:
    return Visitor(app)


@pytest.fixture
def path(guest: Visitor, site: UUID) -> str:
    with atomic() as session:
        slot = make_slot(session, site).id
    booking = guest.booked(slot, contact=CONTACT)
    return f"/api/staff/v1/bookings/{booking['id']}"


@pytest.fixture
def manager(app: Flask, site: UUID) -> BearerClient:
    return BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site))


def _looks() -> list[AuditRow]:
    with reading() as session:
        wanted = select(AuditRow).where(AuditRow.action == "visits.contact_revealed")
        return list(session.scalars(wanted))


def test_a_contact_is_shown_in_full_for_a_reason_that_is_recorded(manager: BearerClient, path: str) -> None:
    before = REVEALS.labels("site_manager")._value.get()
    assert CONTACT["phone"] not in manager.get(path).text
    answer = manager.post(f"{path}/reveal", json=REASON)
    assert answer.get_json() == {"name": CONTACT["name"], "phone": CONTACT["phone"]}
    assert answer.headers["Cache-Control"] == "no-store"
    (look,) = _looks()
    assert (look.actor_kind, look.reason) == ("staff", REASON["reason"])
    assert path.endswith(look.object_id)
    assert CONTACT["phone"] not in str(look.after)
    assert REVEALS.labels("site_manager")._value.get() == before + 1


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": " "}, {"reason": None}])
def test_without_a_reason_nothing_is_shown(
    manager: BearerClient, path: str, body: dict[str, str | None]
) -> None:
    answer = manager.post(f"{path}/reveal", json=body)
    assert answer.status_code == 422
    assert CONTACT["phone"] not in answer.text
    assert _looks() == []


@pytest.mark.parametrize("role", [Role.GATE, Role.GUIDE])
def test_who_stands_at_the_gate_sees_no_phone(app: Flask, site: UUID, path: str, role: Role) -> None:
    client = BearerClient(app, signed_in(role, site_id=site))
    assert client.post(f"{path}/reveal", json=REASON).status_code == 403
    assert _looks() == []


def test_a_manager_of_another_site_finds_nothing(app: Flask, path: str) -> None:
    with atomic() as session:
        other = make_site(session).id
    client = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=other))
    assert client.post(f"{path}/reveal", json=REASON).status_code == 404
    assert _looks() == []


def test_of_whom_nothing_is_left_nothing_is_shown(manager: BearerClient, guest: Visitor, path: str) -> None:
    assert guest.delete("/api/v1/me").status_code == 202
    assert manager.post(f"{path}/reveal", json=REASON).get_json() == {"name": None, "phone": None}
