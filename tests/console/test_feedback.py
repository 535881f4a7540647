"""The desk of feedback: who sees what, what is decided and taken back, and what its member hears of it."""

import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.feedback.models import Feedback, FeedbackPicture, FeedbackState, PictureState
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import events
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from tests.conftest import Clock
from tests.factories.articles import make_article
from tests.factories.feedback import TEXT, make_feedback, make_feedback_picture
from tests.factories.sites import make_organisation, make_site
from tests.factories.staff import signed_in
from tests.support.feedback import Writer, kept, kept_picture
from tests.support.pages import PageClient, text_of
from tests.support.statements import statements

pytestmark = pytest.mark.usefixtures("clock")


@pytest.fixture
def alice(app: Flask, clock: Clock, fake_wechat: FakeWeChat) -> Writer:
    return Writer(app, fake_wechat)


@pytest.fixture
def reviewer(app: Flask, clock: Clock) -> PageClient:
    return PageClient(app, signed_in(Role.REVIEWER))


def made(state: FeedbackState, alice: Writer | None = None, **values: Any) -> str:
    with atomic() as session:
        member_id = None if alice is None else UUID(alice.id)
        return str(make_feedback(session, member_id=member_id, state=state, **values).id)


def path_of(feedback_id: str, *more: str) -> str:
    return "/".join(["/console/feedback", feedback_id, *more])


def lines(object_id: str) -> list[tuple[str, Any]]:
    with reading() as session:
        rows = session.scalars(select(AuditRow).where(AuditRow.object_id == object_id).order_by(AuditRow.id))
        return [(row.action, row.after) for row in rows if row.actor_kind == "staff"]


class TestTheList:
    def test_what_waits_for_staff_stands_there_with_the_oldest_first(
        self, reviewer: PageClient, clock: Clock
    ) -> None:
        for text, state in (
            ("第一条", FeedbackState.OPEN),
            ("第二条", FeedbackState.HELD),
            ("第三条", FeedbackState.ANSWERED),
            ("第四条", FeedbackState.CHECKING),
        ):
            clock.advance(seconds=1)
            made(state, text=text)
        listed = text_of(reviewer.get("/console/feedback"))
        assert listed.index("第一条") < listed.index("第二条")
        assert "第三条" not in listed
        assert "第四条" not in listed

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("waits=person", {"held", "picture"}),
            ("waits=answer", {"open", "picture"}),
            ("waits=answered", {"answered"}),
            ("waits=ended", {"closed", "refused"}),
            ("waits=&subject=article", {"article"}),
            ("waits=nonsense", {"held", "picture", "open", "answered", "closed", "refused", "article"}),
        ],
    )
    def test_it_is_narrowed(self, reviewer: PageClient, query: str, found: set[str]) -> None:
        states = ("held", "open", "answered", "closed", "refused")
        for state in states:
            made(FeedbackState(state), text=f"文字{state}")
        with atomic() as session:
            article = make_article(session).id
            make_feedback(session, article_id=article, state=FeedbackState.CHECKING, text="文字article")
            pictured = make_feedback(session, state=FeedbackState.OPEN, text="文字picture")
            make_feedback_picture(
                session,
                member_id=pictured.member_id,
                feedback_id=pictured.id,
                state=PictureState.HELD,
            )
        listed = text_of(reviewer.get(f"/console/feedback?{query}"))
        assert set(re.findall(r"文字(\w+)", listed)) == found

    def test_it_takes_as_many_statements_for_one_as_for_ten(self, reviewer: PageClient) -> None:
        made(FeedbackState.OPEN)
        with atomic() as session:
            make_feedback(session, article_id=make_article(session).id, state=FeedbackState.OPEN)
        reviewer.get("/console/feedback")
        with statements() as few:
            reviewer.get("/console/feedback")
        for _ in range(10):
            made(FeedbackState.OPEN)
        with statements() as many:
            reviewer.get("/console/feedback")
        assert len(many) == len(few) <= 12


class TestScope:
    def test_each_sees_what_is_about_their_sites_and_articles(self, app: Flask) -> None:
        with atomic() as session:
            organisation = make_organisation(session).id
            site = make_site(session, operator_id=organisation).id
            other_site = make_site(session).id
            articles = {
                "站点文章": make_article(session, site_id=site, organisation_id=organisation).id,
                "机构文章": make_article(session, organisation_id=organisation).id,
                "全市文章": make_article(session).id,
            }
            make_feedback(session, site_id=site, text="本站", state=FeedbackState.OPEN)
            make_feedback(session, site_id=other_site, text="别站", state=FeedbackState.OPEN)
            for text, article in articles.items():
                make_feedback(session, article_id=article, text=text, state=FeedbackState.OPEN)
        everything = {"本站", "别站", *articles}

        def seen(**place: Any) -> set[str]:
            page = text_of(PageClient(app, signed_in(Role.REVIEWER, **place)).get("/console/feedback"))
            return {text for text in everything if text in page}

        assert seen() == everything
        assert seen(organisation_id=organisation) == {"本站", "站点文章", "机构文章"}
        assert seen(site_id=site) == {"本站", "站点文章"}
        assert seen(site_id=other_site) == {"别站"}

    def test_nobody_is_told_who_wrote_it(self, reviewer: PageClient, alice: Writer) -> None:
        alice.patch("/api/v1/me", json={"nickname": "小爱"})
        sent = made(FeedbackState.OPEN, alice)
        page = reviewer.get(path_of(sent))
        assert TEXT in page.text
        assert alice.id not in page.text
        assert "小爱" not in page.text

    def test_who_may_only_look_finds_nothing_to_press(self, app: Flask) -> None:
        sent = made(FeedbackState.OPEN)
        page = PageClient(app, signed_in(Role.EDITOR)).get(path_of(sent))
        assert page.status_code == 200
        assert "回复市民" not in page.text
        assert "/refuse" not in page.text


class TestAnswering:
    def test_the_answer_reaches_its_member_as_message_and_state(
        self, reviewer: PageClient, alice: Writer
    ) -> None:
        sent = made(FeedbackState.OPEN, alice)
        told = reviewer.follow(reviewer.post(path_of(sent, "answer"), {"text": " 谢谢，已经调整。 "}))
        assert "已回复，市民会收到站内消息。" in text_of(told)
        events.drain()
        shown = alice.look(sent)
        assert (shown["state"], shown["state_text"]) == ("answered", "已回复")
        assert shown["answer"]["text"] == "谢谢，已经调整。"
        [message] = alice.messages()
        assert (message["kind"], message["subject_id"]) == ("feedback_answered", sent)
        assert message["body"].endswith("有了回复：谢谢，已经调整。")
        assert lines(sent) == [("feedback.answered", {"state": "answered", "held_because": None})]

    def test_an_empty_one_is_not_sent(self, reviewer: PageClient) -> None:
        sent = made(FeedbackState.OPEN)
        for text, told in (("  ", "请填写回复，市民会看到。"), ("长" * 1001, "请控制在 1000 个字以内。")):
            answer = reviewer.post(path_of(sent, "answer"), {"text": text})
            assert answer.status_code == 422
            assert told in answer.text
        assert kept(sent).state is FeedbackState.OPEN

    def test_who_was_slower_is_told_and_loses_nothing(self, reviewer: PageClient) -> None:
        sent = made(FeedbackState.ANSWERED)
        answer = reviewer.post(path_of(sent, "answer"), {"text": "我写的回复"})
        assert answer.status_code == 422
        assert "这条反馈现在不在处理中" in answer.text
        assert "我写的回复" in answer.text
        assert lines(sent) == [("feedback.answered", {"state": "answered", "held_because": None})]

    def test_it_is_corrected_once_and_told_again(self, reviewer: PageClient, alice: Writer) -> None:
        sent = made(FeedbackState.ANSWERED, alice)
        assert "谢谢，已经调整。" in reviewer.get(path_of(sent, "correct")).text
        reviewer.follow(reviewer.post(path_of(sent, "correct"), {"text": "更正：周六装好。"}))
        events.drain()
        shown = alice.look(sent)["answer"]
        assert shown["text"] == "更正：周六装好。"
        assert shown["corrected_at"] is not None
        assert [message["title"] for message in alice.messages()] == [
            "您的反馈的回复有更正",
            "您的反馈有了回复",
        ]
        again = reviewer.post(path_of(sent, "correct"), {"text": "再更正一次"})
        assert again.status_code == 422
        assert "每次回复只能更正一次" in again.text

    def test_it_is_answered_anew_after_reopening(self, reviewer: PageClient, alice: Writer) -> None:
        sent = made(FeedbackState.ANSWERED, alice)
        told = reviewer.follow(reviewer.post(path_of(sent, "reopen")))
        assert "以前的回复" in text_of(told)
        assert alice.look(sent)["state_text"] == "处理中"
        reviewer.follow(reviewer.post(path_of(sent, "answer"), {"text": "补充：已装好。"}))
        events.drain()
        assert alice.look(sent)["answer"]["text"] == "补充：已装好。"
        assert len(alice.messages()) == 2


class TestEnding:
    def test_a_refusal_tells_its_member_why(self, reviewer: PageClient, alice: Writer) -> None:
        sent = made(FeedbackState.HELD, alice)
        reviewer.follow(reviewer.post(path_of(sent, "refuse"), {"reason": "内容是广告。"}))
        events.drain()
        shown = alice.look(sent)
        assert (shown["state_text"], shown["reason"]) == ("未通过审核", "内容是广告。")
        [message] = alice.messages()
        assert message["kind"] == "feedback_refused"
        assert "原因：内容是广告。您可以修改内容后重新提交。" in message["body"]

    def test_it_ends_without_an_answer_for_a_reason(self, reviewer: PageClient, alice: Writer) -> None:
        sent = made(FeedbackState.OPEN, alice)
        reviewer.follow(reviewer.post(path_of(sent, "close"), {"reason": "场地条件不允许"}))
        events.drain()
        shown = alice.look(sent)
        assert (shown["state_text"], shown["reason"]) == ("未采纳", "场地条件不允许")
        [message] = alice.messages()
        assert message["kind"] == "feedback_closed"

    @pytest.mark.parametrize(("verb", "state"), [("refuse", "held"), ("close", "open")])
    def test_a_reason_is_needed(self, reviewer: PageClient, verb: str, state: str) -> None:
        sent = made(FeedbackState(state))
        answer = reviewer.post(path_of(sent, verb), {"reason": " "})
        assert answer.status_code == 422
        assert "请填写理由，市民会看到。" in answer.text

    @pytest.mark.parametrize("state", [FeedbackState.REFUSED, FeedbackState.CLOSED])
    def test_an_end_is_taken_back(self, reviewer: PageClient, alice: Writer, state: FeedbackState) -> None:
        sent = made(state, alice)
        reviewer.follow(reviewer.post(path_of(sent, "reopen")))
        shown = alice.look(sent)
        assert (shown["state_text"], shown["reason"]) == ("处理中", None)

    def test_a_refusal_taken_back_before_it_was_told_is_not_told(
        self, reviewer: PageClient, alice: Writer
    ) -> None:
        sent = made(FeedbackState.HELD, alice)
        reviewer.post(path_of(sent, "refuse"), {"reason": "内容是广告"})
        reviewer.post(path_of(sent, "reopen"))
        events.drain()
        assert alice.messages() == []

    @pytest.mark.parametrize(
        ("state", "verb", "told"),
        [
            (FeedbackState.OPEN, "release", "现在不需要审核"),
            (FeedbackState.OPEN, "reopen", "还没有办结"),
            (FeedbackState.ANSWERED, "refuse", "现在不需要审核"),
            (FeedbackState.HELD, "close", "现在不在处理中"),
            (FeedbackState.OPEN, "correct", "没有可以更正的回复"),
        ],
    )
    def test_what_is_not_due_is_refused(
        self, reviewer: PageClient, state: FeedbackState, verb: str, told: str
    ) -> None:
        sent = made(state)
        answer = reviewer.post(path_of(sent, verb), {"reason": "理由", "text": "回复"})
        assert answer.status_code == 422
        assert told in answer.text
        assert kept(sent).state is state


class TestJudging:
    def test_held_words_are_released(self, reviewer: PageClient, alice: Writer) -> None:
        sent = made(FeedbackState.HELD, alice)
        page = text_of(reviewer.get(path_of(sent)))
        assert "内容检测建议人工判断" in page
        reviewer.follow(reviewer.post(path_of(sent, "release")))
        assert alice.look(sent)["state"] == "open"
        assert lines(sent) == [("feedback.moved", {"state": "open", "held_because": None})]


class TestPictures:
    @pytest.fixture
    def pictured(self, alice: Writer) -> tuple[str, str]:
        with atomic() as session:
            feedback = make_feedback(session, member_id=UUID(alice.id), state=FeedbackState.OPEN)
            picture = make_feedback_picture(
                session,
                member_id=UUID(alice.id),
                feedback_id=feedback.id,
                state=PictureState.SHOWN,
            )
            return str(feedback.id), str(picture.id)

    def test_a_hidden_one_is_gone_from_what_the_client_gets(
        self, reviewer: PageClient, alice: Writer, pictured: tuple[str, str]
    ) -> None:
        sent, picture = pictured
        address = f"/api/v1/feedback/pictures/{picture}"
        assert [shown["id"] for shown in alice.look(sent)["pictures"]] == [picture]
        assert alice.get(address).status_code == 200

        told = reviewer.follow(reviewer.post(path_of(sent, "pictures", picture, "hide")))

        assert "图片已隐藏，小程序里不再显示。" in text_of(told)
        gone = alice.get(f"/api/v1/feedback/{sent}")
        assert picture not in gone.text
        assert gone.get_json()["pictures_in_check"] == 0
        assert picture not in alice.get("/api/v1/feedback").text
        assert alice.get(address).status_code == 404
        assert lines(picture) == [
            ("feedback.picture_moved", {"picture_state": "hidden", "feedback_id": sent})
        ]

    def test_it_is_shown_again(self, reviewer: PageClient, alice: Writer, pictured: tuple[str, str]) -> None:
        sent, picture = pictured
        reviewer.post(path_of(sent, "pictures", picture, "hide"))
        reviewer.follow(reviewer.post(path_of(sent, "pictures", picture, "show")))
        assert [shown["id"] for shown in alice.look(sent)["pictures"]] == [picture]

    def test_nothing_is_decided_twice(self, reviewer: PageClient, pictured: tuple[str, str]) -> None:
        sent, picture = pictured
        again = reviewer.post(path_of(sent, "pictures", picture, "show"))
        assert again.status_code == 422
        assert "这张图片已经是这个状态" in again.text
        assert kept_picture(picture).state is PictureState.SHOWN

    def test_staff_see_it_in_any_state_and_nobody_between_keeps_it(
        self, reviewer: PageClient, pictured: tuple[str, str]
    ) -> None:
        sent, picture = pictured
        reviewer.post(path_of(sent, "pictures", picture, "hide"))
        seen = reviewer.get(path_of(sent, "pictures", picture))
        assert (seen.status_code, seen.mimetype) == (200, "image/jpeg")
        assert seen.headers["Cache-Control"] == "private, no-store"
        assert "default-src 'self'" in seen.headers["Content-Security-Policy"]

    def test_one_of_other_feedback_is_not_found(
        self, reviewer: PageClient, pictured: tuple[str, str]
    ) -> None:
        _, picture = pictured
        other = made(FeedbackState.OPEN)
        assert reviewer.get(path_of(other, "pictures", picture)).status_code == 404
        assert reviewer.post(path_of(other, "pictures", picture, "hide")).status_code == 404

    def test_a_risky_one_is_not_put_before_anybodys_eyes_unasked(
        self, reviewer: PageClient, pictured: tuple[str, str]
    ) -> None:
        from miniprogram_api.feedback.models import Finding

        sent, picture = pictured
        with atomic() as session:
            row = session.get_one(FeedbackPicture, UUID(picture))
            row.finding, row.state = Finding.RISKY, PictureState.HELD
        page = reviewer.get(path_of(sent))
        assert re.search(r"<details>\s*<summary[^>]*>内容检测认为第 1 张图片有风险，点开查看", page.text)


def test_an_erased_one_says_so_and_offers_nothing(reviewer: PageClient, clock: Clock) -> None:
    sent = made(FeedbackState.ANSWERED)
    with atomic() as session:
        row = session.get_one(Feedback, UUID(sent))
        row.text_cipher = row.answer_cipher = None
        row.erased_at = clock.now
    page = text_of(reviewer.get(path_of(sent)))
    assert "内容已经清除" in page
    assert "重新处理" not in page
    assert reviewer.post(path_of(sent, "reopen")).status_code == 422
