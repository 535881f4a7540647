"""The desk of data protection: a request on paper from filing to its decision, a receipt, consents."""

import re

import pytest
from playwright.sync_api import expect

from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.service import personal_data
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic
from tests.conftest import Clock
from tests.factories.members import make_member
from tests.support.desk import OFFICE, PHONE, TABLET, Desk

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("clock")]


def test_a_request_goes_from_paper_to_its_decision(desk: Desk) -> None:
    desk.sign_in(Role.DPO)
    desk.visit("/console/requests")
    page = desk.page
    page.get_by_role("link", name="登记请求").first.click()
    page.get_by_label("请求类型").select_option(label="删除")
    page.get_by_label("收到途径").select_option(label="信函")
    page.get_by_role("button", name="登记").click()
    expect(page.get_by_role("status")).to_contain_text("请在12月14日（周一）前办结")
    page.get_by_role("link", name="办结").click()
    page.get_by_role("radio", name="不予办理").check()
    page.get_by_label("结果说明").fill("依法须保存，已书面说明并告知救济途径。")
    page.get_by_role("button", name="确认办结").click()
    expect(page.get_by_role("status")).to_contain_text("不予办理")


def test_a_receipt_is_looked_up_by_keyboard(desk: Desk, clock: Clock) -> None:
    with atomic() as session:
        member = make_member(session)
        receipt = personal_data.erase_member(
            session, member_id=member.id, actor=SYSTEM, now=clock.now
        ).receipt
    desk.sign_in(Role.DPO)
    desk.visit("/console/requests")
    page = desk.page
    desk.tab_to(page.get_by_label("回执号或登记号"))
    page.keyboard.type(receipt.lower())
    desk.press("Enter")
    expect(page.get_by_text(re.compile(f"{receipt}：本人在小程序注销"))).to_be_visible()


@pytest.mark.parametrize("size", [OFFICE, TABLET, PHONE])
def test_the_pages_fit(desk: Desk, size: tuple[int, int]) -> None:
    desk.sign_in(Role.DPO)
    desk.resize(size)
    for path in ("requests", "requests/new", "requests/erasures", "consents"):
        desk.visit(f"/console/{path}")
