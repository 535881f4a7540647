"""The day desk without scripts: figures, finding, printing; flat in statements, nobody else's bookings."""

import re
from datetime import timedelta

import pytest
from flask import Flask

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.db import atomic
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Booking, BookingStatus, Slot, SlotState
from miniprogram_api.visits.queries.today import MOST_SITES
from tests.conftest import MONDAY, Clock
from tests.factories.sites import make_organisation, make_site
from tests.factories.staff import signed_in
from tests.factories.visits import make_booking, make_slot
from tests.support.pages import PageClient, text_of, title_of
from tests.support.statements import statements
from tests.support.withdrawing import give_contact

TODAY = MONDAY.date()
NINE, ELEVEN = beijing_time(TODAY, 9 * 60), beijing_time(TODAY, 11 * 60)


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def manager(app: Flask, site: Site) -> PageClient:
    return PageClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))


@pytest.fixture
def slots(site: Site) -> list[Slot]:
    with atomic() as session:
        return [make_slot(session, site.id, starts_at=at, minutes=90) for at in (NINE, ELEVEN)]


def add(slot: Slot, name: str = "王小明", phone: str = "13800138000", **values: object) -> Booking:
    with atomic() as session:
        booking = make_booking(session, session.merge(slot), **values)  # type: ignore[arg-type]
        give_contact(booking, name, phone)
        return booking


def day(site: Site) -> str:
    return f"/console/sites/{site.id}/day"


def test_a_glance_tells_booked_arrived_and_left(site: Site, manager: PageClient, slots: list[Slot]) -> None:
    add(slots[0], adults=3, status=BookingStatus.PARTLY_ADMITTED, admitted=2)
    add(slots[1], phone="13900001234", adults=2, children=1)
    said = text_of(manager.get(day(site)))
    assert re.search(r"6 已约（人） 2 已到（人） 0 在馆（人） 34 剩余名额", said)
    assert "09:00–10:30 进行中" in said
    assert "已约 3 /20 已到 2 剩余 17" in said
    assert "11:00–12:30" in said
    assert "王** 138****8000" in said
    assert "部分入场 2 / 3 人" in said
    assert "儿童 1" in said
    assert "在馆人数按全馆计：离场登记不分场次" in said


def test_a_closed_slot_says_why(site: Site, manager: PageClient) -> None:
    with atomic() as session:
        make_slot(session, site.id, starts_at=NINE, state=SlotState.CLOSED, closed_text="设备检修")
    assert "已关闭" in (said := text_of(manager.get(day(site))))
    assert "设备检修" in said


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"q": "8000"}, {"王"}),
        ({"q": "李"}, {"李"}),
        ({"q": "李雷"}, {"李"}),
        ({"status": "no_show"}, {"李"}),
        ({"q": "0000"}, set()),
        ({"status": "nonsense", "slot": "nonsense", "date": "nonsense", "q": "\0"}, {"王", "李"}),
        ({"date": "2026-11-24"}, set()),
    ],
)
def test_a_booking_is_found(
    site: Site, manager: PageClient, slots: list[Slot], query: dict[str, str], names: set[str]
) -> None:
    add(slots[0])
    add(slots[1], "李雷", "13900001234", status=BookingStatus.NO_SHOW)
    found = manager.get(day(site), query_string=query)
    assert found.status_code == 200
    assert set(re.findall(r"([王李])\*", text_of(found))) == names


def test_a_slot_can_be_looked_at_alone(site: Site, manager: PageClient, slots: list[Slot]) -> None:
    add(slots[0])
    add(slots[1], "李雷", "13900001234")
    said = text_of(manager.get(day(site), query_string={"slot": str(slots[1].id)}))
    assert "李*" in said
    assert "王**" not in said


def test_a_day_without_slots_offers_another(site: Site, manager: PageClient) -> None:
    said = text_of(manager.get(day(site), query_string={"date": "2026-12-30"}))
    assert "这一天没有场次" in said
    assert "回到今天" in said


def test_the_page_takes_as_many_statements_for_many(
    site: Site, manager: PageClient, slots: list[Slot]
) -> None:
    def sent() -> int:
        with statements() as noted:
            assert manager.get(day(site), query_string={"q": "王"}).status_code == 200
        return len(noted)

    for number in range(5):
        add(slots[0], phone=f"1380013{number:04}")
    sent()  # the first one may prepare what is kept
    few = sent()
    with atomic() as session:
        slot = session.merge(slots[1])
        slot.capacity = 100
    for number in range(45):
        add(slot, phone=f"1390013{number:04}")
    assert sent() == few <= 12


def test_another_sites_day_is_not_there(app: Flask, manager: PageClient) -> None:
    with atomic() as session:
        other = make_site(session)
    for path in ("day", "day/print", "day/contacts", "bookings/new"):
        assert manager.get(f"/console/sites/{other.id}/{path}").status_code in {403, 404}, path
    assert manager.get(day(other)).status_code == 404
    assert manager.post(f"{day(other)}/export.csv").status_code == 404


def test_who_stands_at_the_gate_may_look_and_not_book(app: Flask, site: Site, slots: list[Slot]) -> None:
    gate = PageClient(app, signed_in(Role.GATE, site_id=site.id))
    said = text_of(gate.get(day(site)))
    assert "代客预约" not in said
    assert "导出完整联系方式" not in said


def test_the_list_to_print_stands_by_slot(site: Site, manager: PageClient, slots: list[Slot]) -> None:
    add(slots[0])
    add(slots[1], "李雷", "13900001234", status=BookingStatus.CANCELLED)
    answer = manager.get(f"{day(site)}/print")
    said = text_of(answer)
    assert "预约名单" in title_of(answer)
    assert "共 1 个预约，1 人" in said
    assert "王**" in said
    assert "李*" not in said
    assert "没有预约。" in said


def test_a_page_left_alone_does_not_keep_its_session(
    app: Flask, site: Site, manager: PageClient, clock: Clock
) -> None:
    for _ in range(8):
        clock.advance(minutes=4)
        manager.get(day(site), headers={"X-Watching": "1", "HX-Request": "true"})
    answer = manager.get(day(site), headers={"X-Watching": "1", "HX-Request": "true"})
    assert "/console/sign-in" in answer.headers["HX-Redirect"]


def test_a_page_at_work_keeps_its_session(site: Site, manager: PageClient, clock: Clock) -> None:
    for _ in range(10):
        clock.advance(minutes=4)
        assert manager.get(day(site)).status_code == 200


def test_yesterday_tells_who_did_not_come(site: Site, manager: PageClient) -> None:
    with atomic() as session:
        slot = make_slot(session, site.id, starts_at=NINE - timedelta(days=1))
        make_booking(session, slot, adults=2, status=BookingStatus.NO_SHOW)
    said = text_of(manager.get(day(site), query_string={"date": "2026-11-22"}))
    assert "2 爽约（人）" in said
    assert "剩余名额" not in said


@pytest.mark.parametrize("others", [-1, 0, 1])
def test_the_start_page_says_that_it_lists_the_busiest_alone(
    app: Flask, site: Site, slots: list[Slot], others: int
) -> None:
    with atomic() as session:
        operator = make_organisation(session).id
        for number in range(MOST_SITES + others):
            theirs = make_site(session, name=f"馆{number:02}", operator_id=operator)
            make_booking(
                session, make_slot(session, theirs.id, starts_at=NINE, capacity=80), adults=number + 1
            )
    manager = PageClient(app, signed_in(Role.SITE_MANAGER, organisation_id=operator))
    answer = manager.get("/console/")
    assert ("只列出最忙的 50 个示范点。" in text_of(answer)) is (others > 0)
    assert len(re.findall(r'aria-label="馆\d+的预约"', answer.text)) == MOST_SITES + min(others, 0)
    assert ("馆00" in answer.text) is (others <= 0)
