"""Review in a browser: three people, the keyboard alone, a note at a paragraph, the diff."""

import re

import pytest
from flask import Flask
from playwright.sync_api import Page, expect
from sqlalchemy import select

from content.models import Article, Review, Submission, SubmissionState
from miniprogram_api.kernel.db import atomic, reading
from tests.conftest import Clock
from tests.support.content_desk import Shelf, fill_shelf
from tests.support.desk import OFFICE, PHONE, TABLET, Desk
from tests.support.publishing import submit

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("clock")]
SIZES = pytest.mark.parametrize("size", [OFFICE, TABLET, PHONE], ids=["office", "tablet", "phone"])
FIRST, SECOND, THIRD = "等初审的光伏", "等复审的热泵", "等初审的碳普惠"


@pytest.fixture
def shelf(app: Flask, clock: Clock) -> Shelf:
    with atomic() as session:
        return fill_shelf(session)


def told(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.locator("#status .told, .undo-line [role=status]")).to_contain_text(text)


def state_of(article: Article) -> SubmissionState:
    with reading() as session:
        newest = select(Submission).where(Submission.article_id == article.id).order_by(Submission.id.desc())
        return session.scalars(newest.limit(1)).one().state


def test_three_people_review_one_text_each_at_their_step(desk: Desk, shelf: Shelf) -> None:
    page = desk.page
    for staff_id, step in zip(shelf.desk.reviewers, ("初审", "复审", "终审"), strict=True):
        desk.sign_in_as(staff_id)
        desk.visit(shelf.at(THIRD, "/review"))
        expect(page.get_by_role("heading", level=1)).to_have_text(f"{step}：{THIRD}")
        page.get_by_role("button", name=f"{step}通过").click()
        told(page, re.compile(f"《{THIRD}》(：{step}|已)通过"))
        desk.visit(shelf.at(THIRD, "/review"))
        expect(page.get_by_role("button", name=re.compile("通过"))).to_have_count(0)
    assert state_of(shelf.articles[THIRD]) is SubmissionState.APPROVED
    desk.visit(shelf.at(THIRD))
    expect(page.get_by_role("list", name="审核进度").get_by_role("listitem")).to_have_count(3)


def test_from_signing_in_it_is_two_clicks_to_approve(desk: Desk, shelf: Shelf) -> None:
    desk.sign_in_as(shelf.desk.reviewers[1])
    desk.visit("/console/")
    page = desk.page
    page.get_by_role("link", name=re.compile("2 篇待初审")).click()
    page.get_by_role("button", name="初审通过").click()
    told(page, f"上一篇《{FIRST}》：初审通过")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"复审：{SECOND}")


def test_a_whole_review_is_done_without_a_mouse(desk: Desk, shelf: Shelf) -> None:
    desk.sign_in_as(shelf.desk.reviewers[1])
    desk.visit("/console/content/reviews")
    page = desk.page
    desk.tab_to(page.get_by_role("link", name=FIRST, exact=True))
    desk.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"初审：{FIRST}")
    desk.press("Alt+n")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"复审：{SECOND}")
    desk.press("Alt+a")
    told(page, f"上一篇《{SECOND}》：复审通过")
    expect(page.get_by_role("heading", level=1)).to_have_text(f"初审：{THIRD}")
    desk.tab_to(page.get_by_role("radio", name="意见针对整篇"))
    desk.press("ArrowDown", "ArrowDown")
    desk.press("Alt+m")
    expect(page.get_by_label("审核意见")).to_be_focused()
    page.keyboard.type("请写明出处。")
    desk.press("Alt+r")
    told(page, f"上一篇《{THIRD}》：初审退回")
    desk.tab_to(page.get_by_role("button", name="撤回这个决定"))
    desk.press("Enter")
    told(page, "的决定已撤回，请重新决定。")
    assert state_of(shelf.articles[THIRD]) is SubmissionState.OPEN
    with reading() as session:
        review = session.scalars(select(Review).order_by(Review.id.desc())).first()
        assert review is not None
        assert (review.block, review.note) == (1, "请写明出处。")


def test_a_note_at_a_paragraph_stays_when_something_is_wrong(desk: Desk, shelf: Shelf) -> None:
    desk.sign_in_as(shelf.desk.reviewers[1])
    desk.visit(shelf.at(FIRST, "/review"))
    page = desk.page
    page.get_by_text("就这一段写意见").nth(1).click()
    expect(page.get_by_label("审核意见")).to_be_focused()
    expect(page.get_by_text("意见针对：“光伏板在低温下效率更高")).to_be_visible()
    desk.expects(422)
    page.get_by_role("button", name="退回给作者").click()
    expect(page).to_have_title(re.compile("^错误："))
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    summary.get_by_role("link", name="请写明退回的意见，作者会看到。").click()
    expect(page.get_by_label("审核意见")).to_be_focused()
    expect(page.locator("#pick-1")).to_be_checked()
    page.get_by_label("审核意见").fill("数字请注明来源。")
    page.get_by_role("button", name="退回给作者").click()
    told(page, "初审退回")
    desk.visit(shelf.at(FIRST))
    expect(page.locator(".part.is-noted")).to_contain_text("光伏板在低温下效率更高")


def test_what_changed_is_read_beside_the_text(desk: Desk, shelf: Shelf) -> None:
    name = "已发布又在改的光伏"
    with atomic() as session:
        submit(session, shelf.desk, session.get_one(Article, shelf.articles[name].id))
    desk.sign_in_as(shelf.desk.reviewers[1])
    desk.visit(shelf.at(name, "/review"))
    changes = desk.page.get_by_role("region", name="和线上版本（第 1 版）的不同")
    expect(changes.get_by_role("deletion").nth(1)).to_have_text("发电并不少")
    expect(changes.get_by_role("insertion").nth(1)).to_have_text("一天能发两三度电")


def test_who_wrote_is_told_why_they_cannot_review(desk: Desk, shelf: Shelf) -> None:
    desk.sign_in_as(shelf.desk.reviewers[0])
    desk.visit(shelf.at(SECOND, "/review"))
    expect(desk.page.get_by_text("这一版您已审过一步，这一步要由别人审。")).to_be_visible()


@SIZES
def test_the_pages_of_review_hold_at_every_size(desk: Desk, shelf: Shelf, size: tuple[int, int]) -> None:
    desk.resize(size)
    desk.sign_in_as(shelf.desk.reviewers[1])
    for path in (
        "/console/content/reviews", shelf.at(SECOND, "/review"), shelf.at(SECOND, "/trail"),
        shelf.at("已发布又在改的光伏", "/compare"), shelf.at("已发布又在改的光伏", "/revisions"),
    ):  # fmt: skip
        desk.visit(path)
    desk.visit("/console/")
