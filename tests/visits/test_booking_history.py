"""What happened to a booking is told in sentences, by whom, and why."""

from datetime import timedelta

import pytest
from flask import Flask

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.models import Site
from miniprogram_api.visits import jobs_gate
from miniprogram_api.visits.models import Slot
from miniprogram_api.visits.queries.history import Happening, list_history
from miniprogram_api.visits.rules.history_words import Change, refusal_in_words, sentence_of
from miniprogram_api.web.schemas import parse_id
from tests.conftest import Clock
from tests.factories.gate import Gate
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import WEDNESDAY_AT_NINE, make_slot
from tests.support.booking import Visitor
from tests.support.clients import BearerClient
from tests.support.statements import statements


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def slots(site: Site) -> list[Slot]:
    with atomic() as session:
        return [make_slot(session, site.id, starts_at=WEDNESDAY_AT_NINE + timedelta(hours=n)) for n in (0, 2)]


def history(booking_id: str) -> list[Happening]:
    with reading() as session, statements() as sent:
        told = list_history(session, parse_id(booking_id))
    assert len(sent) <= 5
    return told


def test_a_day_of_a_booking_is_told_from_the_end(
    app: Flask, site: Site, slots: list[Slot], clock: Clock
) -> None:
    alice = Visitor(app)
    booking = alice.booked(slots[0].id, adults=3, children=1)
    clock.advance(minutes=5)
    assert alice.move(booking["id"], slots[1].id).status_code == 200
    clock.advance(minutes=5)
    assert alice.cancel(booking["id"], seats=1).status_code == 200
    gate = Gate(app, site.id)
    clock.set(slots[1].starts_at)
    code = alice_code(alice, booking["id"], app)
    scanned = gate.scan(code, seats=2)
    clock.advance(minutes=1)
    assert gate.undo(scanned["id"]).status_code == 200
    told = history(booking["id"])
    assert [each.sentence for each in told] == [
        "撤销入场 2 人",
        "入场 2 人",
        "部分取消：减少 1 人，还剩 3 人",
        "改期：由 11月25日（周三）09:00–10:00 改到 11月25日（周三）11:00–12:00",
        "在小程序预约 4 人",
    ]
    assert [each.who for each in told] == ["东门", "东门", "游客本人", "游客本人", "游客本人"]
    assert told[0].reason == "扫错了人"
    assert [each.at for each in told] == sorted((each.at for each in told), reverse=True)


def alice_code(alice: Visitor, booking_id: str, app: Flask) -> str:
    alice.sign_in()
    ticket = alice.get(f"/api/v1/bookings/{booking_id}").get_json()["ticket"]
    return str(ticket["code"])


def test_a_scan_that_let_nobody_in_is_told_too(app: Flask, site: Site, slots: list[Slot]) -> None:
    alice = Visitor(app)
    booking = alice.booked(slots[0].id)
    Gate(app, site.id).scan(booking["ticket"]["code"])
    assert history(booking["id"])[0].sentence == "扫码未放行：未到入场时间"


def test_a_missed_visit_and_its_correction_are_told(
    app: Flask, site: Site, slots: list[Slot], clock: Clock
) -> None:
    booking = Visitor(app).booked(slots[0].id, adults=2)
    clock.set(slots[0].ends_at + timedelta(hours=1))
    jobs_gate.mark_no_shows()
    manager = BearerClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
    clock.advance(minutes=1)
    body = {"outcome": "admitted", "reason": "闸机故障"}
    path = f"/api/staff/v1/bookings/{booking['id']}"
    assert manager.post(f"{path}/no-show-correction", json=body).status_code == 200
    clock.advance(minutes=1)
    look = {"reason": "电话回访"}
    assert manager.post(f"{path}/reveal", json=look).status_code == 200
    told = history(booking["id"])
    assert (told[0].sentence, told[0].who, told[0].reason) == (
        "查看了联系人的完整姓名和电话",
        "李华",
        "电话回访",
    )
    sentences = {each.sentence for each in told}
    assert {
        "更正爽约：实到 2 人",
        "免除了爽约记录",
        "无人到场，标记为爽约",
        "爽约，计 1 次爽约记录",
    } <= sentences


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            Change("visits.book", {}, {"channel": "window", "seats": 2, "overridden": True}),
            "窗口预约 2 人，经授权不受预约规则限制",
        ),
        (Change("visits.admit_walk_in", {}, {"seats": 3}), "未预约，现场登记入场 3 人"),
        (Change("visits.cancel", {}, {"by": "member", "late": True}), "游客取消了预约，超过免责期限"),
        (Change("visits.cancel", {}, {"by": "site", "late": False}), "馆方取消了预约"),
        (Change("visits.cancel", {}, {}), "预约被取消"),
        (Change("visits.admit", {"admitted": 1}, {"admitted": 3}), "入场 2 人（累计 3 人）"),
        (Change("visits.correct_no_show", {}, {"admitted": 0}), "更正爽约：改为馆方取消，不计爽约"),
        (
            Change("visits.add_strike", {}, {"kind": "late_cancel", "half_points": 1}),
            "逾期取消或改期，计 0.5 次爽约记录",
        ),
        (Change("visits.of_tomorrow", {}, {}), "预约有变更"),
    ],
)  # fmt: skip
def test_each_change_has_its_sentence(change: Change, sentence: str) -> None:
    assert sentence_of(change, lambda _: "某场") == sentence


def test_a_refusal_has_its_sentence() -> None:
    assert refusal_in_words("revoked") == "扫码未放行：票已作废"
