"""The list of what a site's gates have seen."""

from typing import Any

import pytest
from flask import Flask

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Booking
from tests.conftest import Clock
from tests.factories.gate import Gate, code_of
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import WEDNESDAY_AT_NINE, make_booking, make_slot
from tests.support.clients import BearerClient
from tests.support.statements import statements


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    clock.set(WEDNESDAY_AT_NINE)
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def gate(app: Flask, site: Site) -> Gate:
    return Gate(app, site.id)


def book(site: Site, **values: Any) -> Booking:
    with atomic() as session:
        return make_booking(session, make_slot(session, site.id), **values)


def listed(client: BearerClient, site: Site, **query: Any) -> Any:
    answer = client.get("/api/staff/v1/gate/scans", query_string={"site_id": str(site.id)} | query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_it_shows_an_undone_admission_and_the_one_after_it(site: Site, gate: Gate, clock: Clock) -> None:
    booking = book(site, adults=2)
    first = gate.scan(code_of(booking))
    clock.advance(minutes=1)
    gate.undo(first["id"], reason="扫错了人")
    clock.advance(minutes=1)
    again = gate.scan(code_of(booking), seats=1)
    latest, undone = listed(gate, site)["items"]
    assert (latest["id"], latest["admitted_now"], latest["undone_at"]) == (again["id"], 1, None)
    assert (latest["gate"], latest["booking_number"], latest["remaining"]) == ("东门", booking.number, 1)
    assert (undone["id"], undone["undone_by"], undone["undo_reason"]) == (first["id"], "东门", "扫错了人")
    assert undone["undone_at"] == "2026-11-25T09:01:00+08:00"


def test_a_refused_scan_tells_nothing_of_another_sites_booking(app: Flask, site: Site, gate: Gate) -> None:
    with atomic() as session:
        elsewhere = make_site(session)
    gate.scan(code_of(book(elsewhere)))
    gate.scan("v1.k1.nonsense.signature")
    items = listed(gate, site)["items"]
    assert {item["result"] for item in items} == {"wrong_site", "invalid"}
    assert {(item["booking_id"], item["booking_number"]) for item in items} == {(None, None)}
    assert listed(Gate(app, elsewhere.id), elsewhere)["items"] == []


def test_it_has_days_results_and_pages_at_a_constant_number_of_statements(
    site: Site, gate: Gate, clock: Clock
) -> None:
    code = code_of(book(site, adults=4))
    for _ in range(4):
        clock.advance(seconds=1)
        gate.scan(code, seats=1)
    gate.scan(code)
    with statements() as few:
        first = listed(gate, site, limit=1)
    with statements() as many:
        rest = listed(gate, site, limit=4, cursor=first["next_cursor"])
    assert [item["result"] for item in first["items"] + rest["items"]] == ["already_used"] + ["ok"] * 4
    assert (len(few), rest["next_cursor"]) == (len(many), None)
    assert len(listed(gate, site, result="ok")["items"]) == 4
    assert listed(gate, site, date="2026-11-24")["items"] == []
    clock.advance(days=1)
    assert len(listed(gate, site, date="2026-11-25")["items"]) == 5


def test_it_is_for_those_who_admit_at_the_site(app: Flask, site: Site) -> None:
    path = f"/api/staff/v1/gate/scans?site_id={site.id}"
    with atomic() as session:
        elsewhere = make_site(session)
    strangers = [Gate(app, elsewhere.id), BearerClient(app, signed_in(Role.GATE, site_id=elsewhere.id))]
    assert {client.get(path).status_code for client in strangers} == {404}
    own = BearerClient(app, signed_in(Role.GATE, site_id=site.id))
    assert listed(own, site) == {"items": [], "next_cursor": None}
