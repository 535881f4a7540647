"""Figures in a browser: a chart of each table, drawn from it; the same as a file; by mouse and keyboard."""

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import expect

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.db import atomic
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import BookingStatus
from tests.conftest import MONDAY, Clock
from tests.factories.sites import make_site
from tests.factories.visits import make_booking, make_slot
from tests.support.desk import OFFICE, PHONE, TABLET, Desk

pytestmark = pytest.mark.once

# What each chart drew, as echarts itself tells it.
_DRAWN = """() => [...document.querySelectorAll("[data-chart]")].map(place => {
    const drawn = echarts.getInstanceByDom(place).getOption();
    return [place.dataset.chart, drawn.xAxis[0].data, drawn.series.map(each => [each.name, each.data])];
})"""
_WRITTEN = """table => {
    const cells = row => [...row.cells].map(cell => cell.textContent);
    return [cells(table.tHead.rows[0]), [...table.tBodies[0].rows].map(cells)];
}"""


@pytest.fixture
def sites(app: Flask, clock: Clock) -> list[Site]:
    with atomic() as session:
        sites = [make_site(session, name=name) for name in ("甲馆", "乙馆")]
        for number, site in enumerate(sites):
            for days in range(9):
                at = beijing_time((MONDAY - timedelta(days=days)).date(), (8 + days % 3) * 60)
                slot = make_slot(session, site.id, starts_at=at)
                come = {"status": BookingStatus.ADMITTED, "admitted": 3 + number}
                make_booking(session, slot, adults=3 + number, **come)
                make_booking(session, slot, adults=1, status=BookingStatus.NO_SHOW)
        return sites


@pytest.fixture
def admin(desk: Desk, sites: list[Site]) -> Desk:
    desk.sign_in(Role.ADMIN)
    desk.visit("/console/figures?from=2026-11-17&to=2026-11-23")
    return desk


def test_each_chart_draws_what_its_table_says(admin: Desk) -> None:
    expect(admin.page.locator("canvas")).to_have_count(5)
    drawn = admin.page.evaluate(_DRAWN)
    tables = ("day", "weekday", "time", "site", "channel")
    assert [name for name, *_ in drawn] == [f"table-{name}" for name in tables]
    for name, labels, series in drawn:
        header, rows = admin.page.locator(f"#{name}").evaluate(_WRITTEN)
        assert labels == [row[0] for row in rows]
        for title, values in series:
            column = [row[header.index(title)] for row in rows]
            assert values == [None if cell == "—" else float(cell.removesuffix("%")) for cell in column]


def test_a_chart_says_in_words_what_it_is(admin: Desk) -> None:
    chart = admin.page.get_by_role("img", name="按星期的预约人数、到场人数、约满率和爽约率")
    expect(chart).to_be_visible()
    chart.hover()
    of_channels = admin.page.get_by_role("img", name="按预约方式的预约人数、到场人数和爽约率")
    expect(of_channels).to_be_visible()


def test_a_table_is_saved_as_a_file(admin: Desk, tmp_path: Path) -> None:
    admin.tab_to(admin.page.locator("#csv-weekday"))
    with admin.page.expect_download() as saved:
        admin.press("Enter")
    saved.value.save_as(tmp_path / "figures.csv")
    header, rows = admin.page.locator("#table-weekday").evaluate(_WRITTEN)
    lines = (tmp_path / "figures.csv").read_text(encoding="utf-8-sig").splitlines()
    assert lines[0] == ",".join(header)
    assert lines[1:-1] == [",".join(row) for row in rows]


def test_one_site_and_another_time_are_chosen_by_keyboard(admin: Desk, sites: list[Site]) -> None:
    admin.tab_to(admin.page.get_by_label("示范点", exact=True))
    admin.page.keyboard.insert_text("甲")
    admin.page.get_by_label("示范点", exact=True).select_option(label="甲馆")
    admin.tab_to(admin.page.get_by_role("button", name="查看"))
    admin.press("Enter")
    expect(admin.page.get_by_role("heading", name="甲馆，")).to_be_visible()
    admin.tab_to(admin.page.get_by_role("link", name="近 30 天"))
    admin.press("Enter")
    expect(admin.page.get_by_text("这 30 天共有 18 个预约")).to_be_visible()
    expect(admin.page.get_by_label("示范点", exact=True)).to_have_value(str(sites[0].id))


def test_a_period_that_cannot_be_is_explained(admin: Desk) -> None:
    admin.visit("/console/figures?from=2026-11-24&to=2026-11-23", status=422)
    expect(admin.page.locator("#error-summary")).to_be_focused()
    admin.page.locator("#error-summary a").click()
    expect(admin.page.get_by_label("从", exact=True)).to_be_focused()


@pytest.mark.parametrize("size", [OFFICE, TABLET, PHONE])
def test_the_page_fits_every_window(admin: Desk, size: tuple[int, int]) -> None:
    admin.resize(size)
    admin.page.reload()
    expect(admin.page.locator("canvas").first).to_be_visible()
    admin.visit("/console/figures?from=2025-01-01&to=2025-01-02")
