"""The audit trail in a browser: before and after, filter, export; nothing that changes it (B10)."""

import pytest
from playwright.sync_api import expect

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import audit
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic
from tests.factories.staff import make_staff
from tests.support.desk import OFFICE, PHONE, TABLET, Desk

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("clock")]


def _change(reason: str = "内容有误") -> None:
    with atomic() as session:
        audit.record(
            session,
            actor=SYSTEM,
            action="sites.edit",
            object_type="site",
            object_id="01a22d3e-1eed-758f-a0bd-e7d02323d60f",
            before={"transport": "公交 10 路"},
            after={"transport": "地铁 3 号线"},
            reason=reason,
        )
    audit.seal_audit()


def test_a_change_is_found_and_its_before_and_after_are_read(desk: Desk) -> None:
    _change()
    desk.sign_in(Role.AUDITOR)
    desk.visit("/console/audit")
    page = desk.page
    page.get_by_label("操作", exact=True).select_option(label="修改示范点资料")
    page.get_by_role("button", name="筛选").click()
    row = page.get_by_role("row").filter(has_text="内容有误")
    row.get_by_text("详情").click()
    expect(row.get_by_text("公交 10 路")).to_be_visible()
    expect(row.get_by_text("地铁 3 号线")).to_be_visible()
    assert "action=sites.edit" in desk.path


def test_the_same_with_the_keyboard(desk: Desk) -> None:
    _change()
    desk.sign_in(Role.AUDITOR)
    desk.visit("/console/audit?action=sites.edit")
    page = desk.page
    details = page.locator("summary").filter(has_text="修改示范点资料")
    desk.tab_to(details)
    desk.press("Enter")
    expect(page.get_by_text("地铁 3 号线")).to_be_visible()


def test_the_page_has_no_control_that_changes_anything(desk: Desk) -> None:
    _change()
    desk.sign_in(Role.AUDITOR)
    desk.visit("/console/audit")
    main = desk.page.get_by_role("main")
    expect(main.locator("form[method=post]")).to_have_count(0)
    expect(main.locator("[contenteditable], [hx-post], [hx-put], [hx-delete], [hx-patch]")).to_have_count(0)


def test_an_export_is_a_file_that_opens_with_its_chinese(desk: Desk) -> None:
    _change()
    desk.sign_in(Role.AUDITOR)
    desk.visit("/console/audit?action=sites.edit")
    page = desk.page
    page.get_by_role("link", name="导出").click()
    expect(page.get_by_text("操作“修改示范点资料”")).to_be_visible()
    page.get_by_label("用途").fill("年度留存")
    with page.expect_download() as download:
        page.get_by_role("button", name="导出").click()
    assert download.value.suggested_filename.endswith(".csv")
    content = download.value.path().read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")
    assert "修改示范点资料" in content.decode("utf-8-sig")
    desk.visit("/console/audit?action=identity.audit_exported")
    expect(page.get_by_role("cell", name="年度留存")).to_be_visible()


@pytest.mark.parametrize("size", [OFFICE, TABLET, PHONE])
def test_the_trail_fits(desk: Desk, size: tuple[int, int]) -> None:
    _change("一条很长很长的理由，" * 8)
    with atomic() as session:
        make_staff(session, "somebody.with.a.very.long.user.name", role=Role.ADMIN)
    desk.sign_in(Role.AUDITOR)
    desk.resize(size)
    desk.visit("/console/audit")
    desk.visit("/console/audit/export")
