"""From a citizen's photo to the answer on their phone, with everybody in their own window."""

from uuid import UUID

from flask import Flask

from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.feedback import jobs
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import events
from tests.factories.staff import signed_in
from tests.support.clients import FakePeople
from tests.support.feedback import Writer, hear, reachable
from tests.support.objections import RISKY
from tests.support.pages import PageClient, text_of


def test_what_a_citizen_writes_is_checked_answered_and_seen(
    app: Flask, alice: Writer, site: UUID, fake_wechat: FakeWeChat
) -> None:
    verdicts = [{"suggest": "pass", "label": 100}, {"suggest": "review", "label": 20006}]
    FakePeople(fake_wechat).control("POST", "/pictures", verdicts=verdicts)
    manager = PageClient(app, signed_in(Role.SITE_MANAGER, site_id=site))
    with reachable(app):
        pictures = [alice.uploaded(), alice.uploaded()]
        sent = alice.wrote(site, kind="correction", picture_ids=pictures)
        assert alice.look(sent)["state_text"] == "已提交"
        jobs.check_feedback()
        hear(app, fake_wechat)

    seen = alice.look(sent)
    assert (seen["state_text"], len(seen["pictures"]), seen["pictures_in_check"]) == ("处理中", 1, 1)

    start = manager.get("/console/")
    assert "条市民反馈待审核" in start.text
    assert "条市民反馈待回复" in start.text
    [doubtful] = set(pictures) - {picture["id"] for picture in seen["pictures"]}
    manager.follow(manager.post(f"/console/feedback/{sent}/pictures/{doubtful}/hide"))
    told = manager.follow(manager.post(f"/console/feedback/{sent}/answer", {"text": "已核对，展板已更换。"}))
    assert "已回复，市民会收到站内消息。" in text_of(told)
    events.drain()

    answered = alice.look(sent)
    assert (answered["state_text"], answered["answer"]["text"]) == ("已回复", "已核对，展板已更换。")
    assert (len(answered["pictures"]), answered["pictures_in_check"]) == (1, 0)
    assert [step["state_text"] for step in answered["steps"]] == ["已提交", "处理中", "已回复"]
    [message] = alice.messages()
    assert "有了回复：已核对，展板已更换。" in message["body"]
    assert "条市民反馈" not in manager.get("/console/").text


def test_what_the_check_holds_against_a_text_is_a_persons_decision(
    app: Flask, alice: Writer, site: UUID
) -> None:
    sent = alice.wrote(site, text=f"{RISKY}，请看看")
    jobs.check_feedback()
    reviewer = PageClient(app, signed_in(Role.REVIEWER))
    assert "内容检测认为有风险" in text_of(reviewer.get(f"/console/feedback/{sent}"))
    reviewer.follow(reviewer.post(f"/console/feedback/{sent}/refuse", {"reason": "内容违反法律法规"}))
    events.drain()
    assert alice.look(sent)["state_text"] == "未通过审核"
    [message] = alice.messages()
    assert "原因：内容违反法律法规。" in message["body"]
