"""A message that a member accepted is sent by WeChat once, never twice, and the inbox never depends on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from miniprogram_api.devtools.fake_wechat import (
    BOOKING_CANCELLED_TEMPLATE,
    DEMO_VISIT_CANCELLED,
    FakeWeChat,
)
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.messaging import jobs_sending
from miniprogram_api.messaging.models import Message, MessageDelivery, SubscriptionCredit
from miniprogram_api.messaging.service import sending, withdrawals
from tests.conftest import Clock
from tests.support.clients import FakePeople, MemberClient
from tests.support.statements import statements

SEND = "/cgi-bin/message/subscribe/send"
SUBSCRIPTIONS = "/api/v1/subscriptions"

pytestmark = [
    pytest.mark.usefixtures("clock"),
    pytest.mark.parametrize(
        "settings", [{"wechat_template_visit_cancelled": DEMO_VISIT_CANCELLED}], indirect=True
    ),
]


@dataclass(frozen=True, slots=True)
class Visit:
    id: UUID
    number: str
    member_id: UUID | None
    starts_at: datetime
    ends_at: datetime


def visit_of(member: MemberClient | None, clock: Clock, *, number: str = "B1") -> Visit:
    starts_at = clock.now + timedelta(days=2)
    member_id = UUID(member.id) if member else None
    return Visit(new_id(), number, member_id, starts_at, starts_at + timedelta(hours=1))


def tell(visits: Sequence[Visit], clock: Clock) -> int:
    with atomic() as session:
        return withdrawals.tell_all(
            session,
            site="净月潭（示例）",
            effective_at=clock.now,
            doc_no="长环〔2026〕8号",
            visits=visits,
            now=clock.now,
        )


def accept(member: MemberClient, fake: FakeWeChat, *, times: int = 1) -> None:
    """The member accepts in WeChat, and the client tells us."""
    FakePeople(fake).control(
        "POST",
        "/subscriptions",
        person=member.person,
        template_id=BOOKING_CANCELLED_TEMPLATE,
        accept=True,
        count=times,
    )
    for _ in range(times):
        answer = member.post(SUBSCRIPTIONS, json={"template": "visit_cancelled", "accepted": True})
        assert answer.status_code == 200, answer.text


def delivered(fake: FakeWeChat) -> list[dict[str, Any]]:
    return list(FakePeople(fake).control("GET", "/messages")["messages"])


def fault(fake: FakeWeChat, name: str, *, times: int = 1) -> None:
    FakePeople(fake).control("POST", "/faults", path=SEND, fault=name, times=times)


def deliveries() -> list[MessageDelivery]:
    with reading() as session:
        return list(session.scalars(select(MessageDelivery).order_by(MessageDelivery.id)))


def states() -> list[str]:
    return [delivery.state.value for delivery in deliveries()]


def credits_left() -> list[int]:
    with reading() as session:
        return list(session.scalars(select(SubscriptionCredit.credits)))


def test_each_acceptance_is_one_message_more(app: Flask, fake_wechat: FakeWeChat) -> None:
    alice = MemberClient(app, fake_wechat)
    for expected in (1, 2):
        answer = alice.post(SUBSCRIPTIONS, json={"template": "visit_cancelled", "accepted": True})
        assert answer.get_json()["left"] == expected
    by_id = {"template": BOOKING_CANCELLED_TEMPLATE, "accepted": False}
    assert alice.post(SUBSCRIPTIONS, json=by_id).get_json()["left"] == 2
    (item,) = alice.get(SUBSCRIPTIONS).get_json()["items"]
    assert (item["template_id"], item["left"]) == (BOOKING_CANCELLED_TEMPLATE, 2)


def test_a_template_that_is_not_set_up_is_a_wrong_field(app: Flask, fake_wechat: FakeWeChat) -> None:
    alice = MemberClient(app, fake_wechat)
    answer = alice.post(SUBSCRIPTIONS, json={"template": "something", "accepted": True})
    assert (answer.status_code, answer.get_json()["errors"][0]["field"]) == (422, "template")


def test_who_accepted_gets_it_in_wechat_too(app: Flask, fake_wechat: FakeWeChat, clock: Clock) -> None:
    alice, bob = MemberClient(app, fake_wechat), MemberClient(app, fake_wechat, "bob")
    accept(alice, fake_wechat)

    assert tell([visit_of(alice, clock), visit_of(bob, clock), visit_of(None, clock)], clock) == 2
    jobs_sending.send_subscriptions()

    (message,) = delivered(fake_wechat)
    assert message["person"] == "alice"
    assert {key: item["value"] for key, item in message["data"].items()} == {
        "thing1": "净月潭（示例）",
        "time4": "2026年11月25日 10:00",
        "thing6": "示范点停止开放",
        "phrase8": "已取消",
    }
    assert (states(), credits_left()) == (["sent"], [0])
    assert [m.get("/api/v1/messages").get_json()["unread"] for m in (alice, bob)] == [1, 1]


def test_the_inbox_names_the_document_and_blames_nobody(
    app: Flask, fake_wechat: FakeWeChat, clock: Clock
) -> None:
    alice = MemberClient(app, fake_wechat)
    tell([visit_of(alice, clock, number="B7")], clock)

    (message,) = alice.get("/api/v1/messages").get_json()["items"]

    assert message["kind"] == "visit_cancelled_by_authority"
    assert message["body"] == (
        "根据主管部门文件（长环〔2026〕8号），净月潭（示例）自2026年11月23日起停止对外开放。"
        "您预约的11月25日（周三）10:00–11:00的参观不能进行，预约单 B7 已取消，票码已失效。"
        "这次取消不计入爽约记录，您无需办理任何手续，可以在示范点列表中预约其他示范点。"
        "给您带来不便，敬请谅解。"
    )


def test_the_same_visit_is_told_and_sent_once(app: Flask, fake_wechat: FakeWeChat, clock: Clock) -> None:
    alice = MemberClient(app, fake_wechat)
    accept(alice, fake_wechat, times=2)
    visit = visit_of(alice, clock)

    assert [tell([visit], clock), tell([visit], clock)] == [1, 0]
    for _ in range(2):
        jobs_sending.send_subscriptions()

    assert len(delivered(fake_wechat)) == 1
    assert credits_left() == [1]


def test_one_acceptance_is_spent_once(app: Flask, fake_wechat: FakeWeChat, clock: Clock) -> None:
    alice = MemberClient(app, fake_wechat)
    accept(alice, fake_wechat)

    tell([visit_of(alice, clock), visit_of(alice, clock, number="B2")], clock)
    jobs_sending.send_subscriptions()

    assert (sorted(states()), len(delivered(fake_wechat))) == (["no_credit", "sent"], 1)


def test_a_refusal_by_wechat_ends_it_and_our_count(app: Flask, fake_wechat: FakeWeChat, clock: Clock) -> None:
    alice = MemberClient(app, fake_wechat)
    for _ in range(3):  # the client says so, WeChat knows nothing of it
        alice.post(SUBSCRIPTIONS, json={"template": "visit_cancelled", "accepted": True})

    tell([visit_of(alice, clock)], clock)
    jobs_sending.send_subscriptions()
    clock.advance(hours=2)
    jobs_sending.send_subscriptions()

    (delivery,) = deliveries()
    assert (delivery.state.value, delivery.outcome, delivery.attempts) == ("refused", "not_subscribed", 1)
    assert credits_left() == [0]


def test_one_acceptance_in_wechat_is_one_message_whatever_we_count(
    app: Flask, fake_wechat: FakeWeChat, clock: Clock
) -> None:
    alice = MemberClient(app, fake_wechat)
    accept(alice, fake_wechat)
    alice.post(SUBSCRIPTIONS, json={"template": "visit_cancelled", "accepted": True})  # WeChat knows of one
    assert credits_left() == [2]

    tell([visit_of(alice, clock), visit_of(alice, clock, number="B2")], clock)
    for _ in range(2):
        jobs_sending.send_subscriptions()
        clock.advance(hours=2)

    outcomes = {delivery.state.value: delivery.outcome for delivery in deliveries()}
    assert (outcomes.keys(), outcomes["refused"]) == ({"sent", "refused"}, "not_subscribed")
    assert (len(delivered(fake_wechat)), credits_left()) == (1, [0])


@pytest.mark.parametrize(("name", "arrived"), [("reset_before", 0), ("reset_after", 1)])
def test_what_may_have_arrived_is_not_sent_again(
    app: Flask, fake_wechat: FakeWeChat, clock: Clock, name: str, arrived: int
) -> None:
    alice = MemberClient(app, fake_wechat)
    accept(alice, fake_wechat, times=2)
    tell([visit_of(alice, clock)], clock)
    fault(fake_wechat, name)

    for _ in range(2):
        jobs_sending.send_subscriptions()
        clock.advance(hours=2)

    assert (states(), len(delivered(fake_wechat))) == (["unknown"], arrived)


def test_an_outage_is_waited_out(app: Flask, fake_wechat: FakeWeChat, clock: Clock) -> None:
    alice = MemberClient(app, fake_wechat)
    accept(alice, fake_wechat)
    tell([visit_of(alice, clock)], clock)
    with atomic() as session:
        (claimed,) = sending.claim(session, now=clock.now)
    with atomic() as session:
        sending.postpone(session, claimed, "unavailable", now=clock.now)
    assert (states(), credits_left()) == (["pending"], [1])

    jobs_sending.send_subscriptions()
    assert delivered(fake_wechat) == []
    clock.advance(minutes=2)
    jobs_sending.send_subscriptions()

    assert (states(), credits_left(), len(delivered(fake_wechat))) == (["sent"], [0], 1)


def test_an_endless_outage_is_given_up(app: Flask, fake_wechat: FakeWeChat, clock: Clock) -> None:
    alice = MemberClient(app, fake_wechat)
    accept(alice, fake_wechat)
    tell([visit_of(alice, clock)], clock)

    for _ in range(sending.MAX_ATTEMPTS):
        with atomic() as session:
            (claimed,) = sending.claim(session, now=clock.now)
        with atomic() as session:
            sending.postpone(session, claimed, "unavailable", now=clock.now)
        clock.advance(hours=2)

    assert (states(), credits_left()) == (["given_up"], [1])


def test_what_a_dead_worker_claimed_is_never_sent_again(
    app: Flask, fake_wechat: FakeWeChat, clock: Clock
) -> None:
    alice = MemberClient(app, fake_wechat)
    accept(alice, fake_wechat, times=2)
    tell([visit_of(alice, clock)], clock)
    with atomic() as session:
        assert len(sending.claim(session, now=clock.now)) == 1

    jobs_sending.send_subscriptions()
    assert states() == ["sending"]
    clock.advance(hours=1)
    jobs_sending.send_subscriptions()

    assert (states(), delivered(fake_wechat)) == (["unknown"], [])


def test_what_is_claimed_is_not_claimed_again(app: Flask, fake_wechat: FakeWeChat, clock: Clock) -> None:
    alice = MemberClient(app, fake_wechat)
    accept(alice, fake_wechat, times=2)
    tell([visit_of(alice, clock)], clock)
    with atomic() as session:
        first = sending.claim(session, now=clock.now)
    with atomic() as session:
        assert (len(first), sending.claim(session, now=clock.now)) == (1, [])


def test_an_erased_member_leaves_no_trace_of_it(app: Flask, fake_wechat: FakeWeChat, clock: Clock) -> None:
    alice = MemberClient(app, fake_wechat)
    accept(alice, fake_wechat)
    tell([visit_of(alice, clock)], clock)
    exported = alice.get("/api/v1/me/export").get_json()
    assert exported["data"]["messages"]["subscriptions"] == {"visit_cancelled": 1}

    alice.delete("/api/v1/me")
    jobs_sending.send_subscriptions()

    with reading() as session:
        for table in (MessageDelivery, SubscriptionCredit, Message):
            assert session.scalars(select(table)).all() == []
    assert delivered(fake_wechat) == []


def test_telling_takes_a_few_statements_for_each_hundred(
    app: Flask, fake_wechat: FakeWeChat, clock: Clock
) -> None:
    alice = MemberClient(app, fake_wechat)
    counts = []
    for visits in (10, 100, 200):
        with statements() as sent:
            assert tell([visit_of(alice, clock) for _ in range(visits)], clock) == visits
        counts.append(len(sent))
    assert counts[0] == counts[1]
    assert counts[2] == counts[0] + 1
