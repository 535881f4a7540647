"""The exchange with the registry at the desk: a dry run, differences, dead letters by two people (B24)."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect
from sqlalchemy import func, select

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry import sources
from miniprogram_api.registry.models.dead_letters import DeadLetter
from miniprogram_api.registry.models.projects import HeldProject
from miniprogram_api.registry.models.reconciliation import Difference, Kind, ReconciliationReport
from miniprogram_api.registry.rules.reconciliation import Stand
from miniprogram_api.registry.service import reconciling
from miniprogram_api.registry.service.reconciling import Finding, Repaired, Result
from miniprogram_api.sites.models import Overlay, Site
from tests.conftest import Clock
from tests.factories.projects import hold_project
from tests.factories.registry import change, taken
from tests.factories.sites import make_site
from tests.support.desk import OFFICE, PHONE, TABLET, Desk, seated
from tests.support.registry_source import MemorySource

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("clock")]


@pytest.fixture
def registry(app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> MemorySource:
    """A registry that knows nothing any more."""
    source = MemorySource()
    monkeypatch.setattr(sources, "current", lambda: source)
    return source


@pytest.fixture
def vanished(registry: MemorySource, clock: Clock) -> Site:
    """A site whose project the registry does not know any more; the last comparison found it."""
    with atomic() as session:
        site = make_site(session, project_id="P-1", name="净月潭低碳景区")
        hold_project(session, "P-1", site_id=site.id, name="净月潭低碳景区")
        report_id = reconciling.begin(session, now=clock.now)
        assert report_id is not None
        finding = Finding(kind=Kind.UNKNOWN_THERE, project_id="P-1", held=Stand(1, "0" * 64))
        found = [(finding, Repaired(False, "not_known_there"))]
        reconciling.write_differences(session, report_id, found, since={}, now=clock.now)
        counts = {Kind.UNKNOWN_THERE: 1}
        reconciling.finish(session, report_id, Result(counts=counts, as_of=clock.now), now=clock.now)
        return site


def _counted() -> tuple[int, ...]:
    tables: tuple[type, ...] = (HeldProject, Site, ReconciliationReport, Difference, AuditRow, DeadLetter)
    with reading() as session:
        return tuple(session.scalar(select(func.count()).select_from(table)) or 0 for table in tables)


def test_a_dry_run_changes_nothing(desk: Desk, vanished: Site) -> None:
    desk.sign_in(Role.ADMIN)
    desk.visit("/console/registry")
    before = _counted()
    page = desk.page
    page.get_by_role("link", name="试运行").click()
    expect(page.get_by_text("没有改变任何数据")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="净月潭低碳景区")
    expect(row).to_contain_text("登记系统已没有")
    assert _counted() == before


def test_a_vanished_project_is_proposed_for_closing_and_never_deleted(desk: Desk, vanished: Site) -> None:
    desk.sign_in(Role.ADMIN)
    desk.visit("/console/")
    page = desk.page
    page.get_by_role("link", name=re.compile("处对账差异待决定")).click()
    expect(page.get_by_text("建议暂停开放，不删除")).to_be_visible()
    page.get_by_role("link", name=re.compile("^处理.*净月潭低碳景区")).click()
    page.get_by_role("radio", name="暂停这个示范点的开放").check()
    page.get_by_label("理由").fill("已电话向登记系统核实")
    page.get_by_role("button", name="确定").click()
    expect(page.get_by_role("status")).to_contain_text("示范点已暂停开放，资料保留")
    with reading() as session:
        site = session.get_one(Site, vanished.id)
        assert (site.overlay, site.name) == (Overlay.SUSPENDED, "净月潭低碳景区")
        assert session.get_one(HeldProject, "P-1").site_id == vanished.id


def test_a_difference_can_be_left_as_it_is_by_keyboard(desk: Desk, vanished: Site) -> None:
    desk.sign_in(Role.ADMIN)
    desk.visit("/console/registry")
    page = desk.page
    desk.tab_to(page.get_by_role("link", name="查看报告"))
    desk.press("Enter")
    desk.tab_to(page.get_by_role("link", name=re.compile("^处理.*净月潭低碳景区")))
    desk.press("Enter")
    desk.tab_to(page.get_by_role("radio", name="暂停这个示范点的开放"))
    desk.press("ArrowDown")
    desk.tab_to(page.get_by_label("理由"))
    page.keyboard.type("asking")
    desk.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("维持现状")
    with reading() as session:
        assert session.get_one(Site, vanished.id).overlay is Overlay.OPEN


@pytest.fixture
def letter(app: Flask, clock: Clock) -> Callable[[], DeadLetter]:
    with atomic() as session:
        taken(session, change("P-9", 1), now=clock.now)
        taken(session, change("P-9", 2, lifecycle="dreaming"), now=clock.now)

    def read() -> DeadLetter:
        with reading() as session:
            return session.scalars(select(DeadLetter)).one()

    return read


def test_a_dead_letter_is_discarded_by_two_people(
    desk: Desk, browser: Browser, app: Flask, letter: Callable[[], DeadLetter]
) -> None:
    desk.sign_in(Role.ADMIN)
    desk.visit("/console/registry/dead-letters")
    page = desk.page
    page.get_by_role("link", name=re.compile("P-9")).click()
    page.get_by_role("link", name="申请丢弃").click()
    page.get_by_label("理由").fill("记录有误")
    page.get_by_role("button", name="申请丢弃").click()
    expect(page.get_by_role("status")).to_contain_text("等另一位管理员确认")
    expect(page.get_by_role("link", name="确认丢弃")).to_have_count(0)
    assert letter().state.value == "open"
    with seated(browser, app) as second:
        second.sign_in(Role.ADMIN)
        second.visit(f"/console/registry/dead-letters/{letter().id}")
        second.page.get_by_role("link", name="确认丢弃").click()
        second.page.get_by_role("button", name="确认丢弃").click()
        expect(second.page.get_by_role("status")).to_contain_text("已丢弃")
    assert letter().state.value == "discarded"


@pytest.mark.parametrize("size", [OFFICE, TABLET, PHONE])
def test_the_pages_of_the_exchange_fit(
    desk: Desk, vanished: Site, letter: Callable[[], DeadLetter], size: tuple[int, int]
) -> None:
    desk.sign_in(Role.ADMIN)
    desk.resize(size)
    with reading() as session:
        report = session.scalars(select(ReconciliationReport.id)).one()
        difference = session.scalars(select(Difference.id)).one()
    for path in (
        "registry",
        "registry/reports",
        f"registry/reports/{report}",
        f"registry/differences/{difference}",
        "registry/dead-letters",
        f"registry/dead-letters/{letter().id}",
        "partners",
        "partners/new",
        "subscriptions",
        "objections",
    ):
        desk.visit(f"/console/{path}")
