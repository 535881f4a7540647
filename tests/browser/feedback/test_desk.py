"""The desk of feedback in a browser: judged, answered, corrected; pictures hidden; on every screen."""

import re
from uuid import UUID

import pytest
from playwright.sync_api import expect

from miniprogram_api.feedback.models import (
    FeedbackPicture,
    FeedbackState,
    Finding,
    HeldBecause,
    PictureState,
)
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic
from tests.factories.articles import make_article
from tests.factories.feedback import make_feedback, make_feedback_picture
from tests.factories.sites import make_site
from tests.support.desk import OFFICE, PHONE, TABLET, Desk
from tests.support.feedback import kept, kept_picture

pytestmark = [pytest.mark.once, pytest.mark.usefixtures("clock")]

SAID = "停车场的充电桩坏了，扫码没有反应。"


@pytest.fixture
def held(desk: Desk) -> tuple[str, str]:
    """Feedback that the check could not judge, with a picture that it holds something against."""
    with atomic() as session:
        site = make_site(session, name="南湖近零碳社区")
        feedback = make_feedback(session, site_id=site.id, text=SAID, state=FeedbackState.HELD)
        feedback.held_because = HeldBecause.UNCHECKED
        picture = make_feedback_picture(
            session, member_id=feedback.member_id, feedback_id=feedback.id, state=PictureState.HELD
        )
        picture.finding = Finding.RISKY
        return str(feedback.id), str(picture.id)


def test_held_feedback_is_judged_and_answered(desk: Desk, held: tuple[str, str]) -> None:
    feedback, picture = held
    desk.sign_in(Role.REVIEWER)
    desk.visit("/console/")
    page = desk.page
    page.get_by_role("link", name=re.compile("条市民反馈待审核")).click()
    page.get_by_role("link", name=SAID).click()
    expect(page.get_by_text("内容检测无法判断")).to_be_visible()

    page.get_by_text("内容检测认为第 1 张图片有风险，点开查看").click()
    expect(page.get_by_role("img", name="第 1 张图片")).to_be_visible()
    page.get_by_role("button", name="隐藏").click()
    expect(page.get_by_role("status")).to_contain_text("图片已隐藏")
    assert kept_picture(picture).state is PictureState.HIDDEN

    page.get_by_role("button", name="放行").click()
    expect(page.get_by_role("status")).to_contain_text("已放行")
    desk.expects(422)
    page.get_by_role("button", name="回复市民").click()
    expect(page.get_by_role("alert")).to_contain_text("请填写回复")
    page.get_by_label("回复内容").fill("谢谢提醒，充电桩明天修好。")
    page.get_by_role("button", name="回复市民").click()
    expect(page.get_by_role("status")).to_contain_text("已回复")
    assert kept(feedback).state is FeedbackState.ANSWERED

    page.get_by_role("link", name="更正回复").click()
    page.get_by_label("回复内容").fill("谢谢提醒，充电桩今天已修好。")
    page.get_by_role("button", name="更正回复").click()
    expect(page.get_by_role("status")).to_contain_text("回复已更正")
    expect(page.get_by_text("谢谢提醒，充电桩今天已修好。")).to_be_visible()
    expect(page.get_by_role("link", name="更正回复")).to_have_count(0)


def test_a_refusal_by_keyboard_and_its_taking_back(desk: Desk, held: tuple[str, str]) -> None:
    feedback, _ = held
    desk.sign_in(Role.REVIEWER)
    desk.visit(f"/console/feedback/{feedback}")
    page = desk.page
    desk.tab_to(page.get_by_role("link", name="不予受理"))
    desk.press("Enter")
    desk.tab_to(page.get_by_label("理由"))
    page.keyboard.type("advertisement")
    desk.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("不予受理，市民已收到理由")
    assert kept(feedback).state is FeedbackState.REFUSED
    desk.tab_to(page.get_by_role("button", name="重新处理"))
    desk.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("已重新处理")
    assert kept(feedback).state is FeedbackState.OPEN


@pytest.mark.parametrize("size", [OFFICE, TABLET, PHONE])
def test_the_pages_fit(desk: Desk, held: tuple[str, str], size: tuple[int, int]) -> None:
    feedback, picture = held
    with atomic() as session:
        article = make_article(session).id
        make_feedback(session, article_id=article, state=FeedbackState.OPEN, text="长" * 500)
        answered = make_feedback(session, state=FeedbackState.ANSWERED).id
        session.get_one(FeedbackPicture, UUID(picture)).finding = None
    desk.sign_in(Role.REVIEWER)
    desk.resize(size)
    for path in (
        "feedback",
        "feedback?waits=ended",
        f"feedback/{feedback}",
        f"feedback/{feedback}/refuse",
        f"feedback/{answered}",
        f"feedback/{answered}/correct",
    ):
        desk.visit(f"/console/{path}")
