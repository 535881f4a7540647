"""Booking for callers: three steps under the members' rules, once however often it is sent."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Booking, Channel, Slot
from miniprogram_api.visits.rules.policy import RealName
from tests.conftest import MONDAY, Clock
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import make_booking, make_policy, make_slot
from tests.support.booking import reconcile
from tests.support.pages import PageClient, carried, hidden, text_of, title_of
from tests.support.statements import statements

AT_ONE = beijing_time(MONDAY.date(), 13 * 60)
CALLER = {
    "channel": "phone",
    "adults": "2",
    "children": "1",
    "wheelchairs": "0",
    "name": "孙悦",
    "phone": "139 1234 5678",
}
ID = "220102198501010019"


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def slot(site: Site) -> Slot:
    with atomic() as session:
        return make_slot(session, site.id, starts_at=AT_ONE)


@pytest.fixture
def manager(app: Flask, site: Site) -> PageClient:
    return PageClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))


def path(site: Site) -> str:
    return f"/console/sites/{site.id}/bookings/new"


def step(manager: PageClient, site: Site, slot: Slot, how: str, /, **fields: Any) -> Any:
    return manager.post(path(site), CALLER | {"slot": str(slot.id), "step": how} | fields)


def bookings() -> list[Booking]:
    with reading() as session:
        return list(session.scalars(select(Booking)))


def test_the_slots_of_a_day_say_which_can_be_had(site: Site, slot: Slot, manager: PageClient) -> None:
    with atomic() as session:
        full = make_slot(session, site.id, starts_at=AT_ONE + timedelta(hours=2), capacity=2)
        make_booking(session, full, adults=2)
    answer = manager.get(path(site))
    assert "13:00–14:00" in (said := text_of(answer))
    assert "15:00–16:00 约满" in said
    assert str(slot.id) in answer.text
    assert str(full.id) not in answer.text


def test_a_slot_past_its_time_takes_who_may_override(
    app: Flask, site: Site, manager: PageClient, clock: Clock
) -> None:
    with atomic() as session:
        make_slot(session, site.id, starts_at=MONDAY + timedelta(minutes=30))
    assert "已停止预约，需破例" in text_of(manager.get(path(site)))


def test_a_caller_is_booked_in_three_steps(site: Site, slot: Slot, manager: PageClient) -> None:
    form = manager.get(path(site), query_string={"slot": str(slot.id)})
    assert "第 2 步，共 3 步" in text_of(form)
    key = hidden(form, "key")
    check = step(manager, site, slot, "preview", key=key)
    assert check.status_code == 200
    assert "成人 2，儿童 1" in (said := text_of(check))
    assert "孙悦 139 1234 5678" in said
    assert bookings() == []
    assert hidden(check, "key") == key
    made = text_of(manager.follow(manager.post(path(site), carried(check, "apply"))))
    (booking,) = bookings()
    assert (booking.channel, booking.seats, booking.member_id) == (Channel.PHONE, 3, None)
    for part in (booking.number, "接下来", "入场短码", "孙* 139****5678"):
        assert part in made
    assert reconcile() == []


def test_sending_it_twice_books_once(site: Site, slot: Slot, manager: PageClient) -> None:
    key = hidden(manager.get(path(site), query_string={"slot": str(slot.id)}), "key")
    first, second = (step(manager, site, slot, "apply", key=key) for _ in range(2))
    assert first.headers["Location"] == second.headers["Location"]
    assert len(bookings()) == 1
    other = step(manager, site, slot, "apply", key=key, adults="1")
    assert other.status_code == 422
    assert len(bookings()) == 1


def test_an_unknown_key_is_replaced(site: Site, slot: Slot, manager: PageClient) -> None:
    check = step(manager, site, slot, "preview", key="x" * 300)
    assert carried(check, "apply")["key"] == hidden(check, "key") != "x" * 300
    assert step(manager, site, slot, "apply", key="x" * 300).status_code == 303
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Booking)) == 1


def test_going_back_keeps_what_was_typed(site: Site, slot: Slot, manager: PageClient) -> None:
    check = step(manager, site, slot, "preview", adults="4", sign_language="y")
    answer = manager.post(path(site), carried(check, "fill"))
    assert answer.status_code == 200
    for kept in (
        'value="4"',
        "孙悦",
        "139 1234 5678",
        'name="sign_language" id="sign_language" value="y" checked',
    ):
        assert kept in answer.text


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"name": ""}, "请填写联系人姓名。"),
        ({"phone": "12"}, "请填写 11 位手机号或带区号的固定电话。"),
        ({"adults": "0", "children": "0"}, "至少要有一位参观人。"),
        ({"adults": ""}, "请填写成人人数，没有填 0。"),
        ({"adults": "6"}, "5"),
        ({"wheelchairs": "9"}, "轮椅数不能多于参观人数。"),
        ({"channel": "app"}, "预约方式"),
        ({"override": "y"}, "请写明破例的理由。"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_lost(
    site: Site, slot: Slot, manager: PageClient, fields: dict[str, str], told: str
) -> None:
    answer = step(manager, site, slot, "preview", **fields)
    assert answer.status_code == 422
    assert title_of(answer).startswith("错误：")
    assert 'id="error-summary"' in answer.text
    assert told in text_of(answer)
    assert "孙悦" in answer.text or "name" in fields


def test_at_the_window_nobody_need_leave_a_contact(site: Site, slot: Slot, manager: PageClient) -> None:
    assert step(manager, site, slot, "apply", channel="window", name="", phone="").status_code == 303
    assert bookings()[0].channel is Channel.WINDOW


def test_a_full_slot_offers_others_and_keeps_what_was_typed(
    site: Site, slot: Slot, manager: PageClient
) -> None:
    with atomic() as session:
        later = make_slot(session, site.id, starts_at=AT_ONE + timedelta(hours=2))
        taken = session.merge(slot)
        make_booking(session, taken, adults=18)
    answer = step(manager, site, slot, "preview")
    assert answer.status_code == 422
    said = text_of(answer)
    assert "改约这些场次（填好的内容会保留）" in said
    assert "11月23日（周一）15:00–16:00 剩 20" in said
    assert str(later.id) in answer.text
    assert "孙悦" in answer.text
    assert step(manager, site, later, "preview").status_code == 200


def test_the_last_place_is_taken_once(site: Site, slot: Slot, manager: PageClient) -> None:
    with atomic() as session:
        make_booking(session, session.merge(slot), adults=18)
    answer = step(manager, site, slot, "apply")
    assert answer.status_code == 422
    assert len(bookings()) == 1


def test_a_rule_is_overridden_by_who_may_for_a_reason(app: Flask, site: Site, slot: Slot) -> None:
    manager = PageClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
    assert step(manager, site, slot, "apply").status_code == 303
    again = step(manager, site, slot, "apply")
    assert again.status_code == 422
    why = {"override": "y", "override_reason": "市里安排的参观"}
    assert "市里安排的参观" in text_of(step(manager, site, slot, "preview", **why))
    assert step(manager, site, slot, "apply", **why).status_code == 303
    assert [booking.overridden for booking in bookings()] == [False, True]


def test_a_policy_that_asks_for_documents_gets_them(site: Site, slot: Slot, manager: PageClient) -> None:
    with atomic() as session:
        make_policy(session, site.id, real_name=RealName.ALL.value)
        named = make_slot(session, site.id, starts_at=AT_ONE + timedelta(hours=2))
    asked = step(manager, site, named, "preview")
    assert asked.status_code == 422
    assert "实名参观人 2" in text_of(asked)
    persons = {
        "persons-0-name": "孙悦",
        "persons-0-id_type": "id_card",
        "persons-0-id_number": ID,
        "persons-1-name": "孙小",
        "persons-1-id_type": "passport",
        "persons-1-id_number": "G1234567",
    }
    wrong = step(manager, site, named, "preview", **persons | {"persons-0-id_number": "1"})
    assert "证件号码不正确，请核对。" in text_of(wrong)
    check = step(manager, site, named, "preview", **persons)
    made = manager.post(path(site), carried(check, "apply"))
    assert made.status_code == 303
    assert "并请带好证件原件" in text_of(manager.follow(made))


def test_another_sites_slot_is_not_there(site: Site, slot: Slot, manager: PageClient) -> None:
    with atomic() as session:
        other = make_site(session)
        theirs = make_slot(session, other.id, starts_at=AT_ONE)
    assert step(manager, site, theirs, "apply").status_code == 404
    assert step(manager, other, theirs, "apply").status_code == 404
    assert manager.get(path(site), query_string={"slot": "nonsense"}).status_code == 404


def test_the_gate_books_for_nobody(app: Flask, site: Site, slot: Slot) -> None:
    gate = PageClient(app, signed_in(Role.GATE, site_id=site.id))
    assert gate.get(path(site)).status_code == 403
    assert step(gate, site, slot, "apply").status_code == 403


def test_the_steps_take_few_statements(site: Site, slot: Slot, manager: PageClient) -> None:
    for address in ({}, {"slot": str(slot.id)}):
        with statements() as sent:
            manager.get(path(site), query_string=address)
        assert len(sent) <= 12
