"""Publishing in a browser: the button names the instant, on time it is there, retracted it is gone."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import Page, expect

from content.jobs.publishing import publish_due
from content.models import Article
from miniprogram_api.kernel.db import atomic
from tests.conftest import Clock
from tests.support.content_desk import Shelf, fill_shelf
from tests.support.desk import OFFICE, PHONE, TABLET, Desk

pytestmark = pytest.mark.once
SIZES = pytest.mark.parametrize("size", [OFFICE, TABLET, PHONE], ids=["office", "tablet", "phone"])
READY, PLANNED, LIVE = "等发布的电车", "定时的供暖", "已发布的学校"


@pytest.fixture
def shelf(app: Flask, clock: Clock) -> Shelf:
    with atomic() as session:
        return fill_shelf(session)


@pytest.fixture
def publisher(desk: Desk, shelf: Shelf) -> Desk:
    desk.sign_in_as(shelf.desk.publisher)
    return desk


def told(page: Page, text: str) -> None:
    expect(page.locator("#status .told")).to_contain_text(text)


def shown(client: FlaskClient, article: Article) -> int:
    return client.get(f"/api/v1/articles/{article.id}").status_code


def test_what_is_planned_appears_on_time(
    publisher: Desk, shelf: Shelf, client: FlaskClient, clock: Clock
) -> None:
    publisher.visit(shelf.at(READY))
    page = publisher.page
    page.get_by_role("link", name="发布", exact=True).click()
    expect(page.get_by_role("button", name="核对后立即发布")).to_be_visible()
    expect(page.get_by_label("发布日期")).to_be_hidden()
    page.get_by_label("定时发布").check()
    page.get_by_label("发布日期").fill("2026-11-25")
    page.get_by_label("发布时间（北京时间）").fill("08:00")
    page.get_by_role("button", name="核对后定于 11月25日（周三）08:00 发布").click()
    expect(page.get_by_text("（北京时间，还有 1 天）发布。到点前可以取消。")).to_be_visible()
    page.get_by_role("button", name="定于 11月25日（周三）08:00 发布", exact=True).click()
    told(page, "定于 11月25日（周三）08:00 发布（还有 1 天）。")
    clock.advance(days=1, hours=21, minutes=59)
    publish_due()
    assert shown(client, shelf.articles[READY]) == 404
    clock.advance(minutes=1)
    publish_due()
    assert shown(client, shelf.articles[READY]) == 200
    publisher.sign_in_as(shelf.desk.publisher)
    publisher.visit(shelf.at(READY))
    expect(page.get_by_role("region", name="市民现在看到的")).to_contain_text(
        "已发布11月25日（周三）08:00 发布"
    )


def test_a_late_plan_is_red_on_the_start_page_and_in_the_list(
    publisher: Desk, shelf: Shelf, clock: Clock
) -> None:
    clock.advance(days=2, minutes=10)
    publisher.sign_in_as(shelf.desk.publisher)
    publisher.visit("/console/")
    page = publisher.page
    page.get_by_role("link", name="1 篇定时文章逾期未发布").click()
    row = page.get_by_role("row", name=re.compile(PLANNED))
    expect(row).to_contain_text("应于 11月25日（周三）10:00 发布，已过 10 分钟")
    row.get_by_role("link", name=PLANNED, exact=True).click()
    expect(page.get_by_text("没有按时发布。")).to_be_visible()


def test_a_plan_is_taken_back_and_made_again(publisher: Desk, shelf: Shelf) -> None:
    publisher.visit(shelf.at(PLANNED))
    page = publisher.page
    page.get_by_role("button", name="取消定时发布").click()
    told(page, "定时发布已取消。审核结果还在")
    page.get_by_role("link", name="发布", exact=True).click()
    expect(page.get_by_label("立即发布")).to_be_checked()


def test_what_is_retracted_is_gone_from_the_app(publisher: Desk, shelf: Shelf, client: FlaskClient) -> None:
    assert shown(client, shelf.articles[LIVE]) == 200
    publisher.visit(shelf.at(LIVE))
    page = publisher.page
    page.get_by_role("link", name="撤回", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(f"撤回《{LIVE}》")
    publisher.expects(422)
    page.get_by_role("button", name="撤回这篇文章").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_label("撤回的理由").fill("数据有误，正在更正。")
    page.get_by_role("button", name="撤回这篇文章").click()
    told(page, "已撤回，小程序里已经看不到。")
    assert shown(client, shelf.articles[LIVE]) == 410


def test_a_mistake_in_the_times_leads_to_its_field(publisher: Desk, shelf: Shelf) -> None:
    publisher.visit(shelf.at(READY, "/publish"))
    page = publisher.page
    page.get_by_label("定时发布").check()
    page.get_by_label("发布日期").fill("2026-11-22")
    page.get_by_label("在列表里置顶").check()
    publisher.expects(422)
    page.get_by_role("button", name=re.compile("核对")).click()
    summary = page.get_by_role("alert")
    expect(summary.get_by_role("link")).to_have_count(2)
    publisher.tab_to(summary.get_by_role("link", name="请填写置顶到哪一天。"))
    publisher.press("Enter")
    expect(page.get_by_label("置顶到哪天")).to_be_focused()
    expect(page.get_by_label("发布日期")).to_have_value("2026-11-22")


@SIZES
def test_the_pages_of_publishing_hold_at_every_size(
    publisher: Desk, shelf: Shelf, size: tuple[int, int]
) -> None:
    publisher.resize(size)
    for path in (
        "/console/content/articles", "/console/content/articles?state=planned", shelf.at(PLANNED),
        shelf.at(LIVE), shelf.at(READY, "/publish"), shelf.at(LIVE, "/placing"), shelf.at(LIVE, "/retract"),
        "/console/content/topics", "/console/content/words", "/console/content/reading",
        "/console/content/articles/bin", "/console/help/content-publish",
    ):  # fmt: skip
        publisher.visit(path)
    publisher.visit("/console/")


def test_the_list_is_narrowed_in_place_and_its_address_can_be_shared(publisher: Desk, shelf: Shelf) -> None:
    publisher.visit("/console/content/articles")
    page = publisher.page
    page.get_by_label("状态").select_option("planned")
    page.get_by_role("button", name="查找").click()
    expect(page.get_by_role("row")).to_have_count(2)
    assert "state=planned" in publisher.path
    page.reload()
    expect(page.get_by_role("link", name=PLANNED, exact=True)).to_be_visible()
