"""A party that comes in parts: the desk, the gate and the figures tell the same totals, all day and after."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.db import atomic
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.jobs_gate import mark_no_shows
from miniprogram_api.visits.models import Slot
from tests.conftest import MONDAY, Clock
from tests.factories.gate import Gate, code_of
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import make_booking, make_slot
from tests.support.pages import PageClient, text_of

AT_ONE = beijing_time(MONDAY.date(), 13 * 60)
DAY = f"{MONDAY:%Y-%m-%d}"


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    clock.set(AT_ONE)
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def slot(site: Site) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id, starts_at=AT_ONE, capacity=40)


def desk(app: Flask, site: Site) -> dict[str, int]:
    """What the day desk says of the whole day."""
    manager = PageClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
    said = text_of(manager.get(f"/console/sites/{site.id}/day", query_string={"date": DAY}))
    found = {name: re.search(rf"(\d+) {name}（人）", said) for name in ("已约", "已到", "爽约")}
    return {name: int(match.group(1)) if match else 0 for name, match in found.items()}


def figures(app: Flask, site: Site) -> dict[str, int]:
    """What the figures say of the same day."""
    manager = PageClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
    answer = manager.get("/console/figures/day.csv", query_string={"from": DAY, "to": DAY})
    header, line, _ = (row.split(",") for row in answer.data.decode("utf-8-sig").splitlines())
    row = dict(zip(header, line, strict=True))
    names = {"已约": "预约人数", "已到": "到场人数", "爽约": "爽约人数"}
    return {name: int(row[column]) for name, column in names.items()}


def occupancy(app: Flask, site: Site) -> dict[str, int]:
    """What the gate is told of today."""
    told = Gate(app, site.id, "问数").occupancy()
    assert told["no_shows"] == sum(slot["no_shows"] for slot in told["slots"])
    return {"已约": told["booked"], "已到": told["arrived"], "爽约": told["no_shows"]}


def test_thirty_booked_twenty_seven_in_two_later_one_missing(
    app: Flask, site: Site, slot: Slot, clock: Clock
) -> None:
    gate = Gate(app, site.id)
    with atomic() as session:
        party = make_booking(session, session.merge(slot), adults=30)
        nobody = make_booking(session, session.merge(slot), adults=4)
    assert gate.scan(code_of(party), seats=27)["remaining"] == 3
    clock.advance(minutes=10)
    assert gate.scan(code_of(party), seats=2)["remaining"] == 1
    whilst = {"已约": 34, "已到": 29, "爽约": 0}
    assert [say(app, site) for say in (desk, occupancy, figures)] == [whilst] * 3
    assert gate.occupancy()["slots"][0]["missing"] == 1
    clock.set(AT_ONE + timedelta(hours=3))
    mark_no_shows()
    after = {"已约": nobody.seats + 30, "已到": 29, "爽约": nobody.seats + 1}
    assert [say(app, site) for say in (desk, occupancy, figures)] == [after] * 3
    assert occupancy(app, site)["已约"] == after["已到"] + after["爽约"]
    clock.advance(days=1)
    assert [say(app, site) for say in (desk, figures)] == [after] * 2
