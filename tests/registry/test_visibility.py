"""The table of what the public sees and books, cell by cell, on every surface over HTTP."""

from itertools import product
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import Lifecycle, Overlay, Site
from tests.conftest import Clock
from tests.factories.sites import make_site
from tests.factories.visits import make_slot
from tests.support.booking import Visitor

# listed and found by the search; status of the page; whether the page and a slot can be booked.
FULL = (True, 200, True)
PAUSED = (True, 200, False)
HIDDEN = (False, 404, False)
GONE = (False, 410, False)
SHOWN = {
    (Lifecycle.TITLED, Overlay.OPEN): FULL,
    (Lifecycle.TITLED, Overlay.SUSPENDED): PAUSED,
    (Lifecycle.RE_REVIEW, Overlay.OPEN): FULL,
    (Lifecycle.RE_REVIEW, Overlay.SUSPENDED): PAUSED,
    (Lifecycle.RECTIFYING, Overlay.OPEN): PAUSED,
    (Lifecycle.RECTIFYING, Overlay.SUSPENDED): PAUSED,
    (Lifecycle.EXPIRED, Overlay.OPEN): PAUSED,
    (Lifecycle.EXPIRED, Overlay.SUSPENDED): PAUSED,
}
CELLS = list(product(Lifecycle, (True, False), Overlay))


def expected(lifecycle: Lifecycle, designated: bool, overlay: Overlay) -> tuple[bool, int, bool]:
    if lifecycle is Lifecycle.WITHDRAWN:
        return GONE
    return SHOWN.get((lifecycle, overlay), HIDDEN) if designated else HIDDEN


@pytest.mark.usefixtures("clock")
def test_every_surface_keeps_to_the_table(app: Flask, client: FlaskClient, subtests: pytest.Subtests) -> None:
    unknown = client.get(f"/api/v1/sites/{new_id()}").get_json()
    for number, (lifecycle, designated, overlay) in enumerate(CELLS):
        with subtests.test(f"{lifecycle} {designated} {overlay}"):
            name = f"甲{number}号"
            with atomic() as session:
                standing = {"lifecycle": lifecycle, "education_base": designated, "overlay": overlay}
                site = make_site(session, name=name, lat_gcj02=43.7 + number / 1000, **standing)
                slot = make_slot(session, site.id)
            listed, page, bookable = expected(lifecycle, designated, overlay)
            found = client.get(f"/api/v1/sites?q={name}").get_json()["items"]
            assert [item["id"] for item in found] == ([str(site.id)] if listed else [])
            near = f"/api/v1/sites?near={site.lng_gcj02},{site.lat_gcj02}&crs=gcj02&radius_m=50"
            assert (str(site.id) in {item["id"] for item in client.get(near).get_json()["items"]}) is listed
            _check_page(client, site, page, unknown)
            _check_slots(client, Visitor(app), site, slot.id, page=page, bookable=bookable)


def _check_page(client: FlaskClient, site: Site, status: int, unknown: dict[str, Any]) -> None:
    answer = client.get(f"/api/v1/sites/{site.id}")
    assert answer.status_code == status
    if status == 404:
        assert answer.get_json() | {"trace_id": ""} == unknown | {"trace_id": ""}
    if status == 200:
        assert answer.get_json()["registry_as_of"]


def _check_slots(
    client: FlaskClient, member: Visitor, site: Site, slot_id: Any, *, page: int, bookable: bool
) -> None:
    slots = client.get(f"/api/v1/sites/{site.id}/slots?from=2026-11-23&to=2026-12-06")
    assert slots.status_code == page
    if page == 200:
        states = {item["state"] for item in slots.get_json()["items"]}
        assert states == ({"open"} if bookable else {"closed"})
    booked = member.book(slot_id)
    assert (booked.status_code == 201) is bookable
    if bookable:
        assert member.post(f"/api/v1/bookings/{booked.get_json()['id']}/cancel", json={}).status_code == 200


def test_a_recall_is_hidden_like_what_never_was(app: Flask, client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        site = make_site(session, lifecycle=Lifecycle.RECALLED)
    assert client.get(f"/api/v1/sites/{site.id}").get_json()["code"] == "sites.not_found"
