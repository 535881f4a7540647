"""Nobody is sent two messages at one moment, however many workers send: WeChat would refuse one of them."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from miniprogram_api.devtools.fake_wechat import (
    BOOKING_CANCELLED_TEMPLATE,
    DEMO_APPID,
    DEMO_ARTICLE_PUBLISHED,
    DEMO_VISIT_CANCELLED,
    FakeWeChat,
)
from miniprogram_api.devtools.fake_wechat.pushing import Form
from miniprogram_api.kernel import events
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.messaging import jobs_sending
from miniprogram_api.messaging.models import (
    DeliveryState,
    MessageDelivery,
    MessageKind,
    SubscriptionCredit,
)
from miniprogram_api.messaging.rules import Template
from miniprogram_api.messaging.service import inbox, sending
from miniprogram_api.wechat.errors import Refusal, SendRefused
from tests.conftest import Clock
from tests.support.article_messages import accept, delivered, states
from tests.support.clients import FakePeople, MemberClient
from tests.support.races import at_once
from tests.support.wechat_pushes import configure, post, pushed

WORKERS = 2
BOTH = {
    "wechat_template_article_published": DEMO_ARTICLE_PUBLISHED,
    "wechat_template_visit_cancelled": DEMO_VISIT_CANCELLED,
}
PARTS = {
    Template.ARTICLE_PUBLISHED: {"title": "题", "topic": "专题", "time": "10:00", "hint": "点击查看"},
    Template.VISIT_CANCELLED: {"site": "站", "time": "10:00", "reason": "停止开放", "status": "已取消"},
}
KINDS = {
    Template.ARTICLE_PUBLISHED: MessageKind.ARTICLE_PUBLISHED,
    Template.VISIT_CANCELLED: MessageKind.VISIT_CANCELLED_BY_AUTHORITY,
}

pytestmark = [
    pytest.mark.usefixtures("clock"),
    pytest.mark.parametrize("settings", [BOTH], indirect=True),
]


def plan(member_id: UUID, template: Template, clock: Clock, *, count: int = 1) -> None:
    """Messages of a template that wait to be sent."""
    with atomic() as session:
        rows = [
            {
                "id": new_id(),
                "member_id": member_id,
                "kind": KINDS[template],
                "subject_id": str(new_id()),
                "occasion": 0,
                "wording": 1,
                "title": "题",
                "body": "正文",
                "created_at": clock.now,
                "read_at": None,
            }
            for _ in range(count)
        ]
        inbox.insert_messages(session, rows)
        messages = [sending.Planned(row["id"], member_id, PARTS[template]) for row in rows]
        assert sending.plan(session, template=template, messages=messages, now=clock.now) == count


@pytest.fixture
def alice(app: Flask, fake_wechat: FakeWeChat, clock: Clock) -> MemberClient:
    """Somebody with two messages of each of two templates on their way."""
    alice = MemberClient(app, fake_wechat)
    accept(alice, fake_wechat, times=2)
    cancelled = {"template": "visit_cancelled", "template_id": BOOKING_CANCELLED_TEMPLATE}
    accept(alice, fake_wechat, times=2, **cancelled)
    for template in PARTS:
        plan(UUID(alice.id), template, clock, count=2)
    return alice


def test_workers_at_once_send_each_message_once_and_one_after_another(
    app: Flask, fake_wechat: FakeWeChat, alice: MemberClient
) -> None:
    FakePeople(fake_wechat).control("POST", "/settings", delivery_s=0.2)
    at_once(app, [jobs_sending.send_subscriptions] * WORKERS)
    while "pending" in states():  # who found everybody busy left the rest to the next round
        jobs_sending.send_subscriptions()
    assert Counter(states()) == {"sent": 4}
    assert len(delivered(fake_wechat)) == 4
    calls = FakePeople(fake_wechat).control("GET", "/logs")["requests"]
    sends = [call["verdict"] for call in calls if call["path"] == "/cgi-bin/message/subscribe/send"]
    assert sends == ["ok"] * 4


def test_wechat_would_have_refused_them(app: Flask, fake_wechat: FakeWeChat, alice: MemberClient) -> None:
    """The control: two sends to one person at once, past the guard, are told apart by the fake."""
    FakePeople(fake_wechat).control("POST", "/settings", delivery_s=0.5)
    openid = FakePeople(fake_wechat).openid("alice")
    fields = {"thing1": "站", "time4": "10:00", "thing6": "停止开放", "phrase8": "已取消"}

    def send() -> str:
        try:
            app.extensions["wechat"].send_subscribe_message(
                openid=openid, template_id=BOOKING_CANCELLED_TEMPLATE, fields=fields
            )
        except SendRefused as refused:
            return refused.reason.value
        return "sent"

    assert sorted(at_once(app, [send] * WORKERS)) == [Refusal.CONCURRENT.value, "sent"]


def test_claims_at_once_never_take_two_of_one_member(app: Flask, alice: MemberClient, clock: Clock) -> None:
    for _ in range(6):
        taken = at_once(app, [lambda: jobs_sending._claim()] * WORKERS)
        assert sum(len(batch.claimed) for batch in taken) == 1
        with atomic() as session:
            for claimed in (claim for batch in taken for claim in batch.claimed):
                sending.postpone(session, claimed, "again", now=clock.now - timedelta(hours=1))


def test_the_database_has_the_last_word(app: Flask, alice: MemberClient) -> None:
    everything = update(MessageDelivery).values(state=DeliveryState.SENDING)
    with pytest.raises(IntegrityError), atomic() as session:
        session.execute(everything)


def test_whoever_is_busy_hinders_nobody_else(
    app: Flask, fake_wechat: FakeWeChat, alice: MemberClient, clock: Clock
) -> None:
    with atomic() as session:
        assert len(sending.claim(session, now=clock.now)) == 1
    bob = MemberClient(app, fake_wechat, "bob")
    accept(bob, fake_wechat)
    plan(UUID(bob.id), Template.ARTICLE_PUBLISHED, clock)
    with atomic() as session:
        (claimed,) = sending.claim(session, now=clock.now, limit=1)
    assert claimed.member_id == UUID(bob.id)


def test_a_message_of_another_sender_is_waited_out(app: Flask, fake_wechat: FakeWeChat, clock: Clock) -> None:
    """43108 may come from elsewhere all the same: it was certainly not sent, so it is tried again."""
    bob = MemberClient(app, fake_wechat, "bob")
    accept(bob, fake_wechat)
    plan(UUID(bob.id), Template.ARTICLE_PUBLISHED, clock)
    send = "/cgi-bin/message/subscribe/send"
    FakePeople(fake_wechat).control("POST", "/faults", path=send, fault="errcode", errcode=43108, times=1)
    jobs_sending.send_subscriptions()
    assert (states(), delivered(fake_wechat)) == (["pending"], [])
    clock.advance(minutes=2)
    jobs_sending.send_subscriptions()
    assert (states(), len(delivered(fake_wechat))) == (["sent"], 1)


def test_an_account_that_is_banned_waits_and_nobody_loses_a_credit(
    app: Flask, fake_wechat: FakeWeChat, alice: MemberClient, clock: Clock
) -> None:
    FakePeople(fake_wechat).control("POST", "/accounts", appid=DEMO_APPID, subscribe_banned=True)
    jobs_sending.send_subscriptions()
    assert (Counter(states()), delivered(fake_wechat)) == ({"pending": 4}, [])
    with reading() as session:
        assert list(session.scalars(select(SubscriptionCredit.credits))) == [2, 2]
    FakePeople(fake_wechat).control("POST", "/accounts", appid=DEMO_APPID, subscribe_banned=False)
    clock.advance(hours=1)
    jobs_sending.send_subscriptions()
    assert Counter(states()) == {"sent": 4}


class TestWhatWeChatTellsLater:
    def tell(self, app: Flask, fake: FakeWeChat, event: str, entry: dict[str, str]) -> None:
        configure(app, wechat_push_token="demopushtoken", wechat_push_aes_key="")
        message = {"Event": event, "FromUserName": FakePeople(fake).openid("alice"), "List": entry}
        assert post(app, *pushed(message, Form(safe=False), nonce=entry.get("MsgID", "n"))).status_code == 200

    def left(self, alice: MemberClient) -> dict[str, int]:
        items = alice.get("/api/v1/subscriptions").get_json()["items"]
        return {item["template"]: item["left"] for item in items}

    def test_a_message_that_did_not_arrive_is_noted_and_not_sent_again(
        self, app: Flask, fake_wechat: FakeWeChat, alice: MemberClient, clock: Clock
    ) -> None:
        jobs_sending.send_subscriptions()
        with reading() as session:
            msgid = session.scalars(select(MessageDelivery.outcome).order_by(MessageDelivery.id)).first()
        entry = {"TemplateId": BOOKING_CANCELLED_TEMPLATE, "MsgID": str(msgid), "ErrorCode": "43101"}
        self.tell(app, fake_wechat, "subscribe_msg_sent_event", entry)
        events.drain()
        assert Counter(states()) == {"sent": 3, "refused": 1}
        jobs_sending.send_subscriptions()
        assert len(delivered(fake_wechat)) == 4

    def test_one_told_of_before_we_know_its_id_is_noted_later(
        self, app: Flask, fake_wechat: FakeWeChat, alice: MemberClient, clock: Clock
    ) -> None:
        with atomic() as session:
            (claimed,) = sending.claim(session, now=clock.now)
        entry = {"TemplateId": BOOKING_CANCELLED_TEMPLATE, "MsgID": "1900000000000000009", "ErrorCode": "1"}
        self.tell(app, fake_wechat, "subscribe_msg_sent_event", entry)
        events.drain()
        assert events.measure_backlog().pending == 1
        with atomic() as session:
            state = DeliveryState.SENT
            sending.settle(session, claimed, state, "1900000000000000009", now=clock.now)
        clock.advance(minutes=5)
        events.drain()
        with reading() as session:
            delivery = session.get_one(MessageDelivery, claimed.id)
            assert (delivery.state, delivery.outcome) == (DeliveryState.REFUSED, "later_1")

    def test_whoever_switches_a_template_off_has_none_left(
        self, app: Flask, fake_wechat: FakeWeChat, alice: MemberClient
    ) -> None:
        entry = {"TemplateId": BOOKING_CANCELLED_TEMPLATE, "SubscribeStatusString": "reject"}
        self.tell(app, fake_wechat, "subscribe_msg_change_event", entry)
        events.drain()
        assert self.left(alice) == {"visit_cancelled": 0, "article_published": 2}

    def test_the_answer_to_the_question_is_noted_and_not_counted(
        self, app: Flask, fake_wechat: FakeWeChat, alice: MemberClient
    ) -> None:
        for number, answer in enumerate(("accept", "reject")):
            entry = {
                "TemplateId": BOOKING_CANCELLED_TEMPLATE,
                "SubscribeStatusString": answer,
                "MsgID": str(number),
            }
            self.tell(app, fake_wechat, "subscribe_msg_popup_event", entry)
        events.drain()
        assert self.left(alice) == {"visit_cancelled": 2, "article_published": 2}
