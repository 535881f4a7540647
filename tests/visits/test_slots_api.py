"""Slots over HTTP: what the public sees of them, and what a site's staff do with them and with the policy."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.clock import BEIJING, beijing_date
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import BookingMode, Lifecycle, Overlay, Site
from miniprogram_api.visits.availability import SlotAvailability
from miniprogram_api.visits.models import Booking, DayCap, Hold, HoldState, PolicyVersion, Slot, SlotState
from miniprogram_api.visits.queries import slots as queries
from miniprogram_api.visits.rules.policy import DEFAULT, to_numbers
from miniprogram_api.visits.rules.slots import WITHDRAWN, Access
from miniprogram_api.web import prepared
from tests.conftest import Clock
from tests.factories.members import make_member
from tests.factories.sites import make_closure, make_opening_rule, make_site
from tests.factories.staff import signed_in
from tests.factories.visits import WEDNESDAY_AT_NINE, make_booking, make_policy, make_slot
from tests.support.clients import BearerClient
from tests.support.statements import statements

SECOND = timedelta(seconds=1)


def at(day: date, hour: int) -> datetime:
    return datetime(day.year, day.month, day.day, hour, tzinfo=BEIJING)


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def manager(app: Flask, site: Site) -> BearerClient:
    return BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))


def add_slot(site: Site, **values: Any) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id, **values)


def listed(client: FlaskClient, site: Site, query: str = "") -> dict[str, Any]:
    prepared.forget()
    answer = client.get(f"/api/v1/sites/{site.id}/slots{query}")
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def shown(client: FlaskClient, slot: Slot) -> dict[str, Any]:
    prepared.forget()
    answer = client.get(f"/api/v1/slots/{slot.id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.get_json())


def test_an_open_slot_says_what_is_left(client: FlaskClient, site: Site) -> None:
    slot = add_slot(site, booked=3, wheelchair_capacity=2, wheelchairs_booked=1)

    assert listed(client, site)["items"] == [
        {
            "id": str(slot.id),
            "site_id": str(site.id),
            "starts_at": "2026-11-25T09:00:00+08:00",
            "ends_at": "2026-11-25T10:00:00+08:00",
            "capacity": 20,
            "left": 17,
            "children_left": None,
            "wheelchairs_left": 1,
            "sign_language_left": None,
            "state": "open",
            "reason": None,
            "opens_at": None,
            "provisional": False,
            "waitlist": False,
        }
    ]


def test_a_slot_opens_at_the_second_it_promised(client: FlaskClient, site: Site, clock: Clock) -> None:
    slot = add_slot(site, starts_at=at(date(2026, 12, 2), 9))

    before = shown(client, slot)
    assert (before["state"], before["reason"]["code"]) == ("not_released", "not_released")
    assert before["opens_at"] == "2026-11-25T18:00:00+08:00"
    assert before["reason"]["text"] == "11月25日 18:00 开放预约。"

    clock.set(datetime.fromisoformat(before["opens_at"]) - SECOND)
    assert shown(client, slot)["state"] == "not_released"
    clock.advance(seconds=1)
    assert shown(client, slot)["state"] == "open"


def test_booking_ends_an_hour_before_the_slot(client: FlaskClient, site: Site, clock: Clock) -> None:
    slot = add_slot(site)

    clock.set(WEDNESDAY_AT_NINE - timedelta(hours=1) - SECOND)
    assert shown(client, slot)["state"] == "open"
    clock.advance(seconds=1)
    late = shown(client, slot)
    assert (late["state"], late["reason"]["code"]) == ("past", "past_cutoff")
    clock.set(WEDNESDAY_AT_NINE)
    assert shown(client, slot)["reason"]["code"] == "past"


def test_a_full_slot_and_a_full_day_say_so(client: FlaskClient, site: Site) -> None:
    full = add_slot(site, capacity=2, booked=2)
    roomy = add_slot(site, starts_at=at(date(2026, 11, 26), 9), booked=5)
    with atomic() as session:
        session.add(DayCap(site_id=site.id, visit_on=roomy.visit_on, capacity=5, booked=5))

    assert (shown(client, full)["state"], shown(client, full)["reason"]["code"]) == ("full", "slot_full")
    assert (shown(client, roomy)["left"], shown(client, roomy)["reason"]["code"]) == (0, "day_full")


def test_a_hold_gives_its_seats_back_at_the_second_it_runs_out(
    client: FlaskClient, site: Site, clock: Clock
) -> None:
    slot = add_slot(site, capacity=2, held=2)
    with atomic() as session:
        session.add(DayCap(site_id=site.id, visit_on=slot.visit_on, capacity=2, booked=2))
        session.add(
            Hold(
                id=new_id(),
                slot_id=slot.id,
                member_id=make_member(session).id,
                seats=2,
                state=HoldState.ACTIVE,
                expires_at=clock.now + timedelta(minutes=10),
                extended=False,
                created_at=clock.now,
            )
        )

    clock.advance(minutes=10, seconds=-1)
    assert shown(client, slot)["state"] == "full"
    clock.advance(seconds=1)
    assert (shown(client, slot)["state"], shown(client, slot)["left"]) == ("open", 2)


def test_a_slot_that_has_begun_does_not_tell_how_many_came(
    client: FlaskClient, site: Site, clock: Clock
) -> None:
    """Days of one to four people are hidden in the figures, and could be read from here for good."""
    slot = add_slot(
        site, booked=3, child_capacity=9, children_booked=1, wheelchair_capacity=2, wheelchairs_booked=1
    )
    clock.set(slot.starts_at)
    for item in (shown(client, slot), *listed(client, site, "?from=2026-11-25&to=2026-11-25")["items"]):
        told = (item["state"], item["left"], item["children_left"], item["wheelchairs_left"])
        assert told == ("past", 0, 0, 0)


def test_a_provisional_slot_is_shown_and_not_released(client: FlaskClient, site: Site) -> None:
    item = shown(client, add_slot(site, provisional=True))

    assert (item["state"], item["reason"]["code"], item["opens_at"]) == ("not_released", "provisional", None)
    assert item["provisional"] is True


def test_a_closed_slot_gives_the_sites_words(client: FlaskClient, site: Site) -> None:
    slot = add_slot(site, state=SlotState.CLOSED, closed_reason="event", closed_text="包场", edited=True)
    open_slot = add_slot(site, starts_at=at(date(2026, 11, 25), 10))

    items = listed(client, site)["items"]

    assert [(item["id"], item["state"]) for item in items] == [
        (str(slot.id), "closed"),
        (str(open_slot.id), "open"),
    ]
    assert items[0]["reason"] == {"code": "event", "text": "包场"}


def test_a_closed_day_leaves_the_list_with_its_reason(client: FlaskClient, site: Site) -> None:
    with atomic() as session:
        closed = make_closure(session, site.id, on=date(2026, 11, 25), public_text="设备检修")
        make_slot(
            session,
            site.id,
            closure_id=closed.id,
            state=SlotState.CLOSED,
            closed_reason="maintenance",
            closed_text="设备检修",
        )
        kept = make_slot(session, site.id, starts_at=at(date(2026, 11, 26), 9))

    answer = listed(client, site)

    assert [item["id"] for item in answer["items"]] == [str(kept.id)]
    assert answer["closed_days"] == [{"date": "2026-11-25", "reason": "maintenance", "text": "设备检修"}]


def test_a_withdrawn_slot_is_not_shown(client: FlaskClient, site: Site) -> None:
    slot = add_slot(site, state=SlotState.CLOSED, closed_reason=WITHDRAWN)

    assert listed(client, site)["items"] == []
    assert client.get(f"/api/v1/slots/{slot.id}").status_code == 404


def test_a_suspended_site_shows_slots_that_cannot_be_booked(
    app: Flask, client: FlaskClient, clock: Clock
) -> None:
    with atomic() as session:
        suspended = make_site(session, overlay=Overlay.SUSPENDED)
    add_slot(suspended)

    item = listed(client, suspended)["items"][0]

    assert (item["state"], item["reason"]["code"]) == ("closed", "site_paused")


@pytest.mark.parametrize(
    ("standing", "status"),
    [
        ({"overlay": Overlay.PREPARING}, 404),
        ({"education_base": False}, 404),
        ({"lifecycle": Lifecycle.WITHDRAWN}, 410),
    ],
)
def test_the_slots_of_a_site_that_is_not_public_are_not_shown(
    app: Flask, client: FlaskClient, clock: Clock, standing: dict[str, Any], status: int
) -> None:
    with atomic() as session:
        hidden = make_site(session, **standing)
    slot = add_slot(hidden)

    assert client.get(f"/api/v1/sites/{hidden.id}/slots").status_code == status
    assert client.get(f"/api/v1/slots/{slot.id}").status_code == status


@pytest.mark.parametrize("slot_id", ["nonsense", "01932a5e-0000-7000-8000-000000000000"])
def test_an_unknown_slot_is_not_found(app: Flask, client: FlaskClient, slot_id: str) -> None:
    assert client.get(f"/api/v1/slots/{slot_id}").status_code == 404
    assert client.get(f"/api/v1/sites/{slot_id}/slots").status_code == 404


def test_the_list_runs_from_today_over_the_window(client: FlaskClient, site: Site) -> None:
    with atomic() as session:
        make_policy(session, site.id, window_days=3)
    days = [date(2026, 11, 22) + timedelta(days=n) for n in range(7)]
    for day in days:
        add_slot(site, starts_at=at(day, 9))

    dates = [item["starts_at"][:10] for item in listed(client, site)["items"]]

    assert dates == ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26"]


def test_the_list_takes_the_days_it_is_asked_for(client: FlaskClient, site: Site) -> None:
    for day in (25, 26, 27):
        add_slot(site, starts_at=at(date(2026, 11, day), 9))

    items = listed(client, site, "?from=2026-11-26&to=2026-11-26")["items"]

    assert [item["starts_at"][:10] for item in items] == ["2026-11-26"]


@pytest.mark.parametrize(
    "query",
    [
        "?from=2026-11-25&to=2026-12-27",
        "?from=2026-11-25&to=2026-11-24",
        "?from=yesterday",
        "?to=0001-01-01",
        "?from=9999-12-31",
        "?color=blue",
    ],
)
def test_days_that_make_no_list_are_refused(client: FlaskClient, site: Site, query: str) -> None:
    answer = client.get(f"/api/v1/sites/{site.id}/slots{query}")

    assert (answer.status_code, answer.get_json()["code"]) == (422, "request.invalid")
    assert answer.get_json()["errors"]


def test_the_list_answers_304_until_a_seat_is_taken(client: FlaskClient, site: Site) -> None:
    slot = add_slot(site)
    path = f"/api/v1/sites/{site.id}/slots"
    etag = client.get(path).headers["ETag"]

    assert client.get(path, headers={"If-None-Match": etag}).status_code == 304
    with atomic() as session:
        make_booking(session, session.get_one(Slot, slot.id))
    prepared.forget()
    assert client.get(path, headers={"If-None-Match": etag}).status_code == 200


@pytest.mark.parametrize("count", [1, 60])
def test_the_list_takes_two_statements_however_long_it_is(
    client: FlaskClient, site: Site, count: int
) -> None:
    with atomic() as session:
        for hour in range(count):
            make_slot(session, site.id, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=hour))

    with statements() as sent:
        assert len(listed(client, site)["items"]) == count
    assert len(sent) == 2


def test_the_next_slots_with_room_for_a_party_are_the_alternatives(site: Site, clock: Clock) -> None:
    add_slot(site, capacity=2)
    add_slot(site, starts_at=at(date(2026, 11, 25), 10), booked=20)
    add_slot(site, starts_at=at(date(2026, 11, 25), 11), state=SlotState.CLOSED, closed_reason="event")
    fitting = [add_slot(site, starts_at=at(date(2026, 11, 26), hour)) for hour in (9, 10, 11, 12)]

    with reading() as session:
        found = queries.list_open_after(
            session, site_id=site.id, after=clock.now, seats=3, access=Access(bookable=True), now=clock.now
        )

    assert [slot.id for slot in found] == [slot.id for slot in fitting[:3]]


def next_day_of(site: Site, clock: Clock) -> date | None:
    with reading() as session:
        expression = SlotAvailability().next_available_on(
            Site.__table__.c.id, now=clock.now, today=beijing_date(clock.now)
        )
        found: date | None = session.execute(select(expression).where(Site.id == site.id)).scalar_one()
        return found


def test_the_next_available_day_is_the_first_with_a_seat_to_book(site: Site, clock: Clock) -> None:
    assert next_day_of(site, clock) is None
    add_slot(site, capacity=1, booked=1)
    add_slot(site, starts_at=at(date(2026, 11, 26), 9), provisional=True)
    capped = add_slot(site, starts_at=at(date(2026, 11, 27), 9), booked=1)
    add_slot(site, starts_at=at(date(2026, 11, 28), 9))
    add_slot(site, starts_at=at(date(2026, 12, 20), 9))
    with atomic() as session:
        session.add(DayCap(site_id=site.id, visit_on=capped.visit_on, capacity=1, booked=1))

    assert next_day_of(site, clock) == date(2026, 11, 28)


@pytest.mark.parametrize(("day", "is_open"), [(25, True), (26, False), (27, False)])
def test_a_day_is_open_while_a_slot_of_it_is(site: Site, clock: Clock, day: int, is_open: bool) -> None:
    add_slot(site, capacity=1, booked=1)
    add_slot(site, starts_at=at(date(2026, 11, 26), 9), state=SlotState.CLOSED, closed_reason="event")

    with reading() as session:
        on = date(2026, 11, day)
        expression = SlotAvailability().is_open_on(Site.__table__.c.id, on, now=clock.now)
        count = session.scalar(select(func.count()).select_from(Site).where(Site.id == site.id, expression))
    assert bool(count) is is_open


# Staff.


def test_staff_see_the_figures_of_their_slots(manager: BearerClient, site: Site) -> None:
    slot = add_slot(site, booked=3, held=1, edited=True)

    items = manager.get(f"/api/staff/v1/sites/{site.id}/slots").get_json()["items"]

    assert [(item["id"], item["booked"], item["held"], item["edited"]) for item in items] == [
        (str(slot.id), 3, 1, True)
    ]
    assert items[0]["releases_at"] == "2026-11-18T18:00:00+08:00"


def test_the_staff_list_takes_as_many_statements_for_one_slot_as_for_thirty(
    manager: BearerClient, site: Site
) -> None:
    path = f"/api/staff/v1/sites/{site.id}/slots"
    add_slot(site)
    manager.get(path)  # reads what may have changed at run time, now and then
    with statements() as for_one:
        manager.get(path)
    with atomic() as session:
        for hour in range(1, 30):
            make_slot(session, site.id, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=hour))

    with statements() as for_thirty:
        assert len(manager.get(path).get_json()["items"]) == 30

    assert len(for_thirty) == len(for_one)


def test_another_sites_slots_are_not_theirs(manager: BearerClient, app: Flask) -> None:
    with atomic() as session:
        other = make_site(session)
    slot = add_slot(other)
    base = f"/api/staff/v1/sites/{other.id}"

    answers = [
        manager.get(f"{base}/slots"),
        manager.post(f"{base}/slots", json=SPECIAL),
        manager.patch(f"{base}/slots/{slot.id}", json={"capacity": 5}),
        manager.post(f"{base}/slots/generate"),
        manager.get(f"{base}/policy"),
        manager.put(f"{base}/policy", json={"numbers": {}}),
    ]

    assert [answer.status_code for answer in answers] == [404] * len(answers)


def test_a_slot_of_another_site_is_not_changed_through_ones_own(manager: BearerClient, site: Site) -> None:
    with atomic() as session:
        slot = make_slot(session, make_site(session).id)

    answer = manager.patch(f"/api/staff/v1/sites/{site.id}/slots/{slot.id}", json={"capacity": 5})

    assert answer.status_code == 404


def test_gate_staff_may_not_change_slots(app: Flask, site: Site) -> None:
    gate = BearerClient(app, signed_in(Role.GATE, site_id=site.id))

    assert gate.post(f"/api/staff/v1/sites/{site.id}/slots", json=SPECIAL).status_code == 403


SPECIAL = {
    "starts_at": "2026-11-25T19:00:00+08:00",
    "ends_at": "2026-11-25T20:30:00+08:00",
    "capacity": 12,
}


def test_a_special_slot_is_added_once(manager: BearerClient, site: Site) -> None:
    path = f"/api/staff/v1/sites/{site.id}/slots"

    added, again = manager.post(path, json=SPECIAL), manager.post(path, json=SPECIAL)

    assert added.status_code == 201, added.text
    assert (added.get_json()["capacity"], added.get_json()["edited"]) == (12, True)
    assert (again.status_code, again.get_json()["code"]) == (409, "visits.slot_exists")


def test_a_special_slot_is_tried_without_being_added(manager: BearerClient, site: Site) -> None:
    path = f"/api/staff/v1/sites/{site.id}/slots"

    tried = manager.post(f"{path}?dry_run=true", json=SPECIAL)

    assert tried.status_code == 200, tried.text
    assert (tried.get_json()["releases_at"], "id" in tried.get_json()) == ("2026-11-18T18:00:00+08:00", False)
    assert manager.get(path).get_json()["items"] == []
    added = manager.post(path, json=SPECIAL).get_json()
    assert {name: added[name] for name in tried.get_json()} == tried.get_json()
    again = manager.post(f"{path}?dry_run=true", json=SPECIAL)
    assert (again.status_code, again.get_json()["code"]) == (409, "visits.slot_exists")


@pytest.mark.parametrize("suffix", ["", "?dry_run=true"])
def test_a_change_that_cannot_be_made_is_refused_when_tried_too(
    manager: BearerClient, site: Site, suffix: str
) -> None:
    with atomic() as session:
        shut = make_closure(session, site.id, on=WEDNESDAY_AT_NINE.date())
    taken = add_slot(site, booked=4, held=1)
    closed = add_slot(
        site,
        starts_at=WEDNESDAY_AT_NINE + timedelta(hours=2),
        state=SlotState.CLOSED,
        closed_reason="maintenance",
        closure_id=shut.id,
    )
    begun = add_slot(site, starts_at=WEDNESDAY_AT_NINE - timedelta(days=3))
    path = f"/api/staff/v1/sites/{site.id}/slots"

    def refused(slot: Slot, **body: Any) -> str:
        answer = manager.patch(f"{path}/{slot.id}{suffix}", json=body)
        assert answer.status_code == 409, answer.text
        return str(answer.get_json()["code"])

    assert refused(taken, capacity=4) == "visits.capacity_below_taken"
    assert refused(closed, state="open") == "visits.slot_in_closure"
    assert refused(begun, capacity=30) == "visits.slot_started"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"ends_at": "2026-11-25T19:00:00+08:00"}, "ends_at"),
        ({"ends_at": "2026-11-27T19:00:00+08:00"}, "ends_at"),
        ({"starts_at": "2026-11-25T19:00:00"}, "starts_at"),
        ({"capacity": 0}, "capacity"),
        ({"capacity": "12"}, "capacity"),
        ({"price": 1}, "price"),
        ({"starts_at": None}, "starts_at"),
    ],
)
def test_a_special_slot_that_makes_no_sense_is_refused(
    manager: BearerClient, site: Site, change: dict[str, Any], field: str
) -> None:
    answer = manager.post(f"/api/staff/v1/sites/{site.id}/slots", json=SPECIAL | change)

    assert answer.status_code == 422
    assert field in {error["field"] for error in answer.get_json()["errors"]}


def test_a_special_slot_cannot_begin_in_the_past_nor_too_far_ahead(manager: BearerClient, site: Site) -> None:
    path = f"/api/staff/v1/sites/{site.id}/slots"
    past = {"starts_at": "2026-11-23T09:00:00+08:00", "ends_at": "2026-11-23T11:00:00+08:00", "capacity": 1}
    far = {"starts_at": "2028-11-23T09:00:00+08:00", "ends_at": "2028-11-23T11:00:00+08:00", "capacity": 1}

    assert manager.post(path, json=past).get_json()["code"] == "visits.slot_started"
    assert manager.post(path, json=far).status_code == 422


def test_capacity_is_not_set_below_the_seats_taken(manager: BearerClient, site: Site) -> None:
    slot = add_slot(site, booked=4, held=1)
    path = f"/api/staff/v1/sites/{site.id}/slots/{slot.id}"

    refused, done = manager.patch(path, json={"capacity": 4}), manager.patch(path, json={"capacity": 5})

    assert (refused.status_code, refused.get_json()["code"]) == (409, "visits.capacity_below_taken")
    assert refused.get_json()["params"] == {"field": "capacity", "taken": 5}
    assert (done.status_code, done.get_json()["capacity"]) == (200, 5)


def test_closing_a_slot_is_tried_then_done_then_undone(manager: BearerClient, site: Site) -> None:
    slot = add_slot(site)
    with atomic() as session:
        booking = make_booking(session, session.get_one(Slot, slot.id), adults=2)
    path = f"/api/staff/v1/sites/{site.id}/slots/{slot.id}"
    closing = {"state": "closed", "reason_code": "event", "public_text": "包场"}

    tried = manager.patch(f"{path}?dry_run=true", json=closing).get_json()
    assert (tried["state"], tried["called_off"]["bookings"][0]["number"]) == ("open", booking.number)

    done = manager.patch(path, json=closing).get_json()
    assert (done["state"], done["booked"], done["called_off"]["bookings_total"]) == ("closed", 0, 1)
    again = manager.patch(path, json=closing).get_json()
    assert again["called_off"]["bookings_total"] == 0
    with reading() as session:
        assert session.get_one(Booking, booking.id).status == "cancelled"

    assert manager.patch(path, json={"state": "open"}).get_json()["state"] == "open"


@pytest.mark.parametrize(
    "body",
    [{}, {"state": "closed"}, {"state": "open", "public_text": "x"}, {"state": "gone"}, {"booked": 0}],
)
def test_a_change_that_says_too_little_or_too_much_is_refused(
    manager: BearerClient, site: Site, body: dict[str, Any]
) -> None:
    slot = add_slot(site)

    assert manager.patch(f"/api/staff/v1/sites/{site.id}/slots/{slot.id}", json=body).status_code == 422


def test_making_slots_is_tried_then_done(manager: BearerClient, client: FlaskClient, site: Site) -> None:
    with atomic() as session:
        make_opening_rule(session, site.id)
    path = f"/api/staff/v1/sites/{site.id}/slots/generate"

    tried = manager.post(f"{path}?dry_run=true").get_json()
    assert listed(client, site)["items"] == []
    done = manager.post(path).get_json()
    again = manager.post(path).get_json()

    assert done["made"] == tried["made"]
    assert len(done["made"]) > 0
    assert (again["made"], again["kept"]) == ([], len(done["made"]))


def test_a_site_that_takes_no_bookings_has_no_slots_made(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        walk_in = make_site(session, booking_mode=BookingMode.NONE)
    manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=walk_in.id))

    answer = manager.post(f"/api/staff/v1/sites/{walk_in.id}/slots/generate")

    assert (answer.status_code, answer.get_json()["code"]) == (409, "visits.site_not_open")


def test_a_site_without_a_policy_of_its_own_has_the_default(manager: BearerClient, site: Site) -> None:
    policy = manager.get(f"/api/staff/v1/sites/{site.id}/policy").get_json()

    assert policy["numbers"] == to_numbers(DEFAULT)
    assert policy["words"][0] == "参观日前第 7 天 18:00 开放预约。"
    assert [version["version"] for version in policy["history"]] == [1]


def test_a_policy_is_tried_then_stated_then_changed(manager: BearerClient, site: Site) -> None:
    add_slot(site)
    path = f"/api/staff/v1/sites/{site.id}/policy"
    body = {"numbers": {"party_max": 8}, "effective_on": "2026-11-24"}

    tried = manager.put(f"{path}?dry_run=true", json=body).get_json()
    with reading() as session:
        assert len(session.scalars(select(PolicyVersion)).all()) == 1
    stated = manager.put(path, json=body).get_json()
    changed = manager.patch(path, json={"numbers": {"party_min": 2}, "effective_on": "2026-11-24"}).get_json()
    added = manager.post(path, json={"numbers": {"window_days": 3}, "effective_on": "2026-11-25"})

    assert tried == stated
    assert (stated["version"], stated["slots"], stated["numbers"]["party_max"]) == (2, 1, 8)
    assert (changed["numbers"]["party_min"], changed["numbers"]["party_max"]) == (2, 8)
    assert (added.status_code, added.get_json()["version"]) == (201, 4)
    history = manager.get(path).get_json()
    assert (history["version"], [version["version"] for version in history["history"]]) == (1, [4, 3, 2, 1])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"numbers": {"party_max": 0}}, "numbers.party_max"),
        ({"numbers": {"party_max": 1.5}}, "numbers.party_max"),
        ({"numbers": {"same_day": "yes"}}, "numbers.same_day"),
        ({"numbers": {"mood": 1}}, "numbers.mood"),
        ({"numbers": {"party_min": 9}}, "party_min"),
        ({"numbers": {}, "effective_on": "2026-11-22"}, "effective_on"),
        ({}, "numbers"),
    ],
)
def test_a_wrong_policy_names_what_is_wrong(
    manager: BearerClient, site: Site, body: dict[str, Any], field: str
) -> None:
    answer = manager.put(f"/api/staff/v1/sites/{site.id}/policy", json=body)

    assert answer.status_code == 422
    assert [error["field"] for error in answer.get_json()["errors"]] == [field]


@pytest.mark.parametrize("method", ["put", "patch", "post"])
def test_whoever_runs_no_site_states_no_policy(app: Flask, site: Site, method: str) -> None:
    gate = BearerClient(app, signed_in(Role.GATE, site_id=site.id))

    answer = getattr(gate, method)(f"/api/staff/v1/sites/{site.id}/policy", json={"numbers": {}})

    assert answer.status_code == 403


def test_a_day_is_closed_and_opened_again_over_http(
    manager: BearerClient, client: FlaskClient, site: Site
) -> None:
    base = f"/api/staff/v1/sites/{site.id}"
    rule = {"weekdays": [3], "opens": "09:00", "closes": "11:00", "slot_minutes": 60, "capacity": 20}
    made = manager.post(f"{base}/opening-rules", json=rule)
    assert made.status_code == 201, made.text
    slots = listed(client, site)["items"]
    assert [slot["starts_at"] for slot in slots] == ["2026-11-25T09:00:00+08:00", "2026-11-25T10:00:00+08:00"]
    with atomic() as session:
        booking = make_booking(session, session.get_one(Slot, UUID(slots[0]["id"])))
    closing = {
        "kind": "closed",
        "first_on": "2026-11-25",
        "last_on": "2026-11-25",
        "reason_code": "weather",
        "public_text": "暴雪",
    }

    tried = manager.post(f"{base}/closures?dry_run=true", json=closing).get_json()["consequences"]
    assert [hit["number"] for hit in tried["called_off"]["bookings"]] == [booking.number]
    assert len(listed(client, site)["items"]) == 2

    done = manager.post(f"{base}/closures", json=closing)
    assert done.status_code == 201, done.text
    assert done.get_json()["consequences"]["called_off"]["bookings_total"] == 1
    closed = listed(client, site)
    assert (closed["items"], closed["closed_days"]) == (
        [],
        [{"date": "2026-11-25", "reason": "weather", "text": "暴雪"}],
    )

    lifted = manager.delete(f"{base}/closures/{done.get_json()['id']}")
    assert lifted.status_code == 200, lifted.text
    again = listed(client, site)
    assert [(slot["id"], slot["left"]) for slot in again["items"]] == [(slot["id"], 20) for slot in slots]
    assert again["closed_days"] == []
