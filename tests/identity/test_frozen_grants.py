"""When a site gets another operator, what the former one held there counts for nothing until restored."""

from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from miniprogram_api.identity.models import GateDevice, RoleGrant
from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.service import devices, roles
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.events import EventRow
from miniprogram_api.sites.models import Site
from tests.conftest import Clock
from tests.factories.sites import make_organisation, make_site
from tests.factories.staff import make_staff, open_session, signed_in
from tests.support.clients import BearerClient

STAFF = "/api/staff/v1"


@pytest.fixture
def former(app: Flask, clock: Clock) -> UUID:
    """The organisation that operates the site until it changes."""
    with atomic() as session:
        return make_organisation(session).id


@pytest.fixture
def site(former: UUID) -> UUID:
    with atomic() as session:
        return make_site(session, operator_id=former).id


def manager_of(app: Flask, site_id: UUID, *, belongs_to: UUID | None) -> BearerClient:
    return BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site_id, belongs_to=belongs_to))


def freeze(site_id: UUID, former: UUID | None, clock: Clock) -> int:
    with atomic() as session:
        return roles.freeze_grants(
            session,
            site_id=site_id,
            organisation_id=former,
            reason="operator_changed",
            actor=SYSTEM,
            now=clock.now,
        )


def sees(client: BearerClient, site_id: UUID) -> int:
    return client.get(f"{STAFF}/sites/{site_id}").status_code


def scans(client: BearerClient, site_id: UUID) -> int:
    body = {"site_id": str(site_id), "code": "ABCDEFGHJK", "nonce": "n-1"}
    return client.post(f"{STAFF}/gate/scans", json=body).status_code


def trail(action: str) -> tuple[int, int]:
    """How many audit rows and events of this name there are."""
    with reading() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.action == action)).all()
        facts = session.scalars(select(EventRow).where(EventRow.name == action)).all()
    return len(rows), len(facts)


def test_a_former_operators_manager_is_shut_out_at_once(
    app: Flask, clock: Clock, site: UUID, former: UUID
) -> None:
    manager = manager_of(app, site, belongs_to=former)
    assert sees(manager, site) == 200

    assert freeze(site, former, clock) == 1

    assert sees(manager, site) == 403
    assert trail("identity.role_frozen") == (1, 1)


def test_an_account_of_no_organisation_loses_the_site_too(
    app: Flask, clock: Clock, site: UUID, former: UUID
) -> None:
    manager = manager_of(app, site, belongs_to=None)
    freeze(site, former, clock)
    assert sees(manager, site) == 403


def test_somebody_elses_people_and_other_sites_are_left_alone(
    app: Flask, clock: Clock, site: UUID, former: UUID
) -> None:
    with atomic() as session:
        bureau, other = make_organisation(session).id, make_site(session, operator_id=former).id
    inspector = manager_of(app, site, belongs_to=bureau)
    neighbour = manager_of(app, other, belongs_to=former)

    assert freeze(site, former, clock) == 0

    assert (sees(inspector, site), sees(neighbour, other)) == (200, 200)


def test_without_a_known_former_operator_every_role_over_the_site_is_frozen(
    app: Flask, clock: Clock, site: UUID
) -> None:
    with atomic() as session:
        anybody = make_organisation(session).id
    manager = manager_of(app, site, belongs_to=anybody)
    assert freeze(site, None, clock) == 1
    assert sees(manager, site) == 403


def test_a_role_over_the_organisations_sites_stops_reaching_by_itself(
    app: Flask, clock: Clock, site: UUID, former: UUID
) -> None:
    """Whose site it is, is looked up at each use; the role itself still reaches the sites that remain."""
    with atomic() as session:
        remaining = make_site(session, operator_id=former).id
        heir = make_organisation(session).id
    manager = BearerClient(app, signed_in(Role.SITE_MANAGER, organisation_id=former, belongs_to=former))
    assert (sees(manager, site), sees(manager, remaining)) == (200, 200)

    with atomic() as session:
        session.get_one(Site, site).operator_id = heir

    assert (sees(manager, site), sees(manager, remaining)) == (404, 200)


def test_devices_at_the_gate_are_refused_until_restored(
    app: Flask, clock: Clock, site: UUID, former: UUID
) -> None:
    with atomic() as session:
        device, token = devices.create_device(session, site_id=site, name="东门", actor=SYSTEM, now=clock.now)
    tablet, admin = BearerClient(app, token), BearerClient(app, signed_in(Role.ADMIN))
    assert scans(tablet, site) == 200

    freeze(site, former, clock)

    assert scans(tablet, site) == 401
    path = f"{STAFF}/sites/{site}/gate-devices"
    shown = admin.get(path).get_json()["items"]
    assert [item["frozen_at"] for item in shown] == ["2026-11-23T10:00:00+08:00"]
    assert trail("identity.gate_device_frozen") == (1, 1)

    restored = admin.post(f"{path}/{device.id}/restore")

    assert (restored.status_code, restored.get_json()["frozen_at"]) == (200, None)
    assert scans(tablet, site) == 200
    assert trail("identity.gate_device_restored") == (1, 1)
    assert admin.post(f"{path}/{device.id}/restore").get_json()["code"] == "staff.not_frozen"


def test_a_frozen_role_is_shown_and_restored_by_an_administrator(
    app: Flask, clock: Clock, site: UUID, former: UUID
) -> None:
    with atomic() as session:
        account = make_staff(session, role=Role.SITE_MANAGER, site_id=site, belongs_to=former)
        manager = BearerClient(app, open_session(session, account.id))
    admin = BearerClient(app, signed_in(Role.ADMIN))
    freeze(site, former, clock)
    (grant,) = admin.get(f"{STAFF}/staff/{account.id}").get_json()["grants"]
    assert grant["frozen_at"] == "2026-11-23T10:00:00+08:00"

    path = f"{STAFF}/staff/{account.id}/grants/{grant['id']}/restore"
    restored = admin.post(path)

    assert (restored.status_code, restored.get_json()["frozen_at"]) == (200, None)
    assert sees(manager, site) == 200
    assert trail("identity.role_restored") == (1, 1)
    again = admin.post(path)
    assert (again.status_code, again.get_json()["code"]) == (409, "staff.not_frozen")
    assert manager.post(path).status_code == 403


def test_granting_a_frozen_role_again_restores_it(app: Flask, clock: Clock, site: UUID, former: UUID) -> None:
    with atomic() as session:
        account = make_staff(session, role=Role.SITE_MANAGER, site_id=site, belongs_to=former)
        manager = BearerClient(app, open_session(session, account.id))
    admin = BearerClient(app, signed_in(Role.ADMIN))
    freeze(site, former, clock)

    body = {"role": "site_manager", "site_id": str(site)}
    given = admin.post(f"{STAFF}/staff/{account.id}/grants", json=body)

    assert given.status_code == 201
    assert sees(manager, site) == 200
    with reading() as session:
        assert len(session.scalars(select(RoleGrant).where(RoleGrant.staff_id == account.id)).all()) == 1
    second = admin.post(f"{STAFF}/staff/{account.id}/grants", json=body)
    assert second.get_json()["code"] == "staff.already_granted"


def test_freezing_again_changes_nothing(app: Flask, clock: Clock, site: UUID, former: UUID) -> None:
    manager_of(app, site, belongs_to=former)
    freeze(site, former, clock)
    clock.advance(days=1)
    assert freeze(site, former, clock) == 0
    assert trail("identity.role_frozen") == (1, 1)


def test_a_frozen_account_cannot_restore_itself(app: Flask, clock: Clock, site: UUID, former: UUID) -> None:
    with atomic() as session:
        account = make_staff(session, role=Role.ADMIN, belongs_to=former)
        roles_over_site = roles.grant_role(
            session, staff_id=account.id, role=Role.GATE, site_id=site, actor=SYSTEM, now=clock.now
        )
        admin = BearerClient(app, open_session(session, account.id))
    freeze(site, former, clock)
    answer = admin.post(f"{STAFF}/staff/{account.id}/grants/{roles_over_site.id}/restore")
    assert answer.get_json()["code"] == "staff.own_account"


def test_a_revoked_role_and_device_stay_as_they_are(
    app: Flask, clock: Clock, site: UUID, former: UUID
) -> None:
    with atomic() as session:
        account = make_staff(session, role=Role.SITE_MANAGER, site_id=site, belongs_to=former)
        (grant,) = session.scalars(select(RoleGrant).where(RoleGrant.staff_id == account.id))
        device, _ = devices.create_device(session, site_id=site, name="东门", actor=SYSTEM, now=clock.now)
    with atomic() as session:
        roles.revoke_grant(
            session, staff_id=account.id, grant_id=grant.id, reason=None, actor=SYSTEM, now=clock.now
        )
        devices.revoke_device(session, site_id=site, device_id=device.id, actor=SYSTEM, now=clock.now)

    assert freeze(site, former, clock) == 0

    with reading() as session:
        assert session.get_one(RoleGrant, grant.id).frozen_at is None
        assert session.get_one(GateDevice, device.id).frozen_at is None
