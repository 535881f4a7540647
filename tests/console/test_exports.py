"""Files of the day desk: Chinese stays whole, nothing is a formula, contacts are masked but for a reason."""

import csv
import io
from typing import Any

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select

from miniprogram_api.identity.models import StaffSession
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.sheets import neutral
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Slot
from miniprogram_api.visits.service import exporting
from tests.conftest import MONDAY, Clock
from tests.factories.sites import make_site
from tests.factories.staff import signed_in
from tests.factories.visits import LONG_AGO, make_booking, make_slot
from tests.support.pages import PageClient, text_of, title_of
from tests.support.withdrawing import give_contact

NINE = beijing_time(MONDAY.date(), 9 * 60)
# A workbook, not text: what it holds in full is looked at by these tests, and by nobody else.
REASON = {"kind": "xlsx", "reason": "暴雪闭馆，电话通知", "date": "2026-11-23"}


@pytest.fixture
def site(app: Flask, clock: Clock) -> Site:
    with atomic() as session:
        return make_site(session)


@pytest.fixture
def slot(site: Site) -> Slot:
    with atomic() as session:
        slot = make_slot(session, site.id, starts_at=NINE)
        for name, phone in (("=HYPERLINK(1)", "13800138000"), ("王小明", "13900001234")):
            give_contact(make_booking(session, slot), name, phone)
        return slot


@pytest.fixture
def manager(app: Flask, site: Site) -> PageClient:
    return PageClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))


def path(site: Site, name: str) -> str:
    return f"/console/sites/{site.id}/day/{name}"


def export(manager: PageClient, site: Site, kind: str = "csv", **fields: str) -> Any:
    return manager.post(path(site, f"export.{kind}"), {"date": "2026-11-23"} | fields)


def rows_of(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def trail(action: str) -> list[AuditRow]:
    with reading() as session:
        return list(session.scalars(select(AuditRow).where(AuditRow.action == action)))


def test_a_csv_opens_with_its_chinese_and_is_masked(site: Site, slot: Slot, manager: PageClient) -> None:
    answer = export(manager, site)
    assert answer.status_code == 200
    assert answer.data.startswith(b"\xef\xbb\xbf")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "attachment" in answer.headers["Content-Disposition"]
    header, *rows, footer = rows_of(answer.data)
    assert header[:4] == ["预约号", "参观日期", "场次", "状态"]
    contacts = {(row[11], row[12]) for row in rows}
    assert contacts == {("'=***", "138****8000"), ("王**", "139****1234")}
    assert {tuple(row[1:5]) for row in rows} == {("2026-11-23", "09:00–10:00", "待入场", "电话")}
    assert footer == ["共 2 条。导出人：李华，2026-11-23 10:00 导出。请妥善保管。"]


def test_a_workbook_says_the_same_and_holds_no_formula(site: Site, slot: Slot, manager: PageClient) -> None:
    rows = rows_of(export(manager, site).data)
    sheet = openpyxl.load_workbook(io.BytesIO(export(manager, site, "xlsx").data)).active
    assert sheet is not None
    cells = list(sheet.iter_rows())
    assert {cell.data_type for row in cells for cell in row if cell.value is not None} <= {"s", "n"}
    told = [["" if cell.value is None else str(cell.value) for cell in row] for row in cells]
    assert [[each.removeprefix("'") for each in row] for row in rows[:-1]] == told[:-1]
    assert told[-1][0] == rows[-1][0]


def test_what_was_filtered_is_what_is_exported(site: Site, slot: Slot, manager: PageClient) -> None:
    assert len(rows_of(export(manager, site, q="1234").data)) == 3
    assert len(rows_of(export(manager, site, date="2026-11-24").data)) == 2
    assert [row.after for row in trail("visits.bookings_exported")] == [
        {
            "bookings": count,
            "unmasked": False,
            "visit_on": day,
            "status": None,
            "slot_id": None,
            "searched": searched,
        }
        for count, day, searched in ((1, "2026-11-23", True), (0, "2026-11-24", False))
    ]


def test_contacts_in_full_take_a_reason_and_leave_a_row_for_each(
    site: Site, slot: Slot, manager: PageClient
) -> None:
    refused = manager.post(path(site, "contacts"), REASON | {"reason": ""})
    assert refused.status_code == 422
    assert title_of(refused).startswith("错误：")
    assert "请写明导出的原因和用途。" in text_of(refused)
    assert trail("visits.contact_exported") == []
    answer = manager.post(path(site, "contacts"), REASON)
    sheet = openpyxl.load_workbook(io.BytesIO(answer.data)).active
    assert sheet is not None
    assert ("王小明", "13900001234") in {(row[11], row[12]) for row in sheet.iter_rows(values_only=True)}
    shown = trail("visits.contact_exported")
    assert [(row.object_type, row.reason) for row in shown] == [("contact", REASON["reason"])] * 2
    assert trail("visits.bookings_exported")[0].reason == REASON["reason"]


def test_contacts_in_full_take_a_fresh_second_factor(
    site: Site, slot: Slot, manager: PageClient, clock: Clock
) -> None:
    with atomic() as session:
        for mine in session.scalars(select(StaffSession)):
            mine.proven_at = LONG_AGO
    answer = manager.post(path(site, "contacts"), REASON)
    assert answer.status_code == 403
    assert "13900001234" not in answer.text
    assert REASON["reason"] in answer.text  # goes along, so that nothing is typed again
    assert trail("visits.contact_exported") == []


def test_contacts_in_full_are_had_three_times_an_hour(site: Site, slot: Slot, manager: PageClient) -> None:
    for _ in range(3):
        assert manager.post(path(site, "contacts"), REASON).status_code == 200
    answer = manager.post(path(site, "contacts"), REASON)
    assert answer.status_code == 422
    assert "操作太频繁" in text_of(answer)


def test_who_may_not_reveal_may_not_export_in_full(app: Flask, site: Site, slot: Slot) -> None:
    gate = PageClient(app, signed_in(Role.GATE, site_id=site.id))
    assert gate.post(path(site, "contacts"), REASON).status_code == 403
    assert export(gate, site).status_code == 200


def test_more_than_a_file_takes_is_said(
    site: Site, slot: Slot, manager: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "MOST", 1)
    monkeypatch.setattr(exporting, "MOST_UNMASKED", 1)
    assert "超过 1 条" in text_of(export(manager, site))
    assert "超过 1 条" in text_of(manager.post(path(site, "contacts"), REASON))
    assert trail("visits.bookings_exported") == []


def test_there_are_two_kinds_of_files(site: Site, slot: Slot, manager: PageClient) -> None:
    assert export(manager, site, "exe").status_code == 404


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\0", " =", "＝"])
def test_what_would_be_a_formula_is_text(begin: str) -> None:
    assert neutral(f"{begin}1") == f"'{begin}1"
    assert neutral("王小明") == "王小明"
