"""Subscribe messages: accepted, refused, or unknown, and never sent twice."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from miniprogram_api.devtools.fake_wechat import BOOKING_CANCELLED_TEMPLATE, BOOKING_CONFIRMED_TEMPLATE
from miniprogram_api.wechat.errors import (
    ArgumentRefused,
    OutcomeUnknown,
    Refusal,
    SendRefused,
    WeChatUnavailable,
)
from miniprogram_api.wechat.fields import Value
from miniprogram_api.wechat.gateway import Gateway, SendResult
from tests.wechat.conftest import LogWatch
from tests.wechat.support import SEND, FakeControl

pytestmark = pytest.mark.once

TEMPLATE = BOOKING_CONFIRMED_TEMPLATE
FIELDS: dict[str, Value] = {
    "thing2": "示范：双碳馆",
    "time5": datetime(2026, 6, 1, 1, 30, tzinfo=UTC),
    "number3": 4,
    "character_string7": "7K3M9QXZ",
    "thing9": "请携带有效证件，提前十五分钟到达南门入口处等候",
}


def accept(wechat: FakeControl, person: str, times: int = 1) -> None:
    wechat.post("/subscriptions", person=person, template_id=TEMPLATE, accept=True, count=times)


def send(gateway: Gateway, wechat: FakeControl, fields: Mapping[str, Value] = FIELDS) -> SendResult:
    openid = wechat.openid("alice")
    return gateway.send_subscribe_message(
        openid=openid, template_id=TEMPLATE, fields=fields, page="pages/booking/index?id=1"
    )


def test_an_accepted_message_is_delivered_as_formatted(gateway: Gateway, wechat: FakeControl) -> None:
    accept(wechat, "alice")

    result = send(gateway, wechat)

    (message,) = wechat.messages("alice")
    assert result.msgid == message["msgid"]
    assert int(result.msgid) > 2**53
    assert message["page"] == "pages/booking/index?id=1"
    assert (message["miniprogram_state"], message["lang"]) == ("formal", "zh_CN")
    assert {key: item["value"] for key, item in message["data"].items()} == {
        "thing2": "示范：双碳馆",
        "time5": "2026年6月1日 09:30",
        "number3": "4",
        "character_string7": "7K3M9QXZ",
        "thing9": "请携带有效证件，提前十五分钟到达南...",
    }


def test_a_second_message_on_one_consent_is_refused_for_good(gateway: Gateway, wechat: FakeControl) -> None:
    accept(wechat, "alice")
    send(gateway, wechat)

    with pytest.raises(SendRefused) as refused:
        send(gateway, wechat)

    assert refused.value.reason is Refusal.NOT_SUBSCRIBED
    assert refused.value.is_final
    assert len(wechat.messages("alice")) == 1


@pytest.mark.parametrize(("fault", "delivered"), [("reset_before", 0), ("reset_after", 1)])
def test_a_lost_connection_leaves_the_outcome_unknown_and_nothing_is_sent_again(
    gateway: Gateway, wechat: FakeControl, fault: str, delivered: int
) -> None:
    accept(wechat, "alice", times=2)
    wechat.fault(SEND, fault)

    with pytest.raises(OutcomeUnknown):
        send(gateway, wechat)

    assert wechat.count(SEND) == 1
    assert len(wechat.messages("alice")) == delivered


def test_a_busy_wechat_leaves_the_outcome_unknown(gateway: Gateway, wechat: FakeControl) -> None:
    wechat.fault(SEND, "errcode", times=9, errcode=-1)

    with pytest.raises(OutcomeUnknown):
        send(gateway, wechat)

    assert wechat.count(SEND) == 1


def test_an_unknown_outcome_is_not_caught_as_an_unsent_message() -> None:
    assert not issubclass(OutcomeUnknown, WeChatUnavailable)


@pytest.mark.parametrize(
    ("errcode", "reason", "is_final"),
    [
        (40003, Refusal.WRONG_OPENID, True),
        (40037, Refusal.WRONG_TEMPLATE, True),
        (41030, Refusal.WRONG_PAGE, True),
        (43101, Refusal.NOT_SUBSCRIBED, True),
        (43107, Refusal.BANNED, True),
        (43108, Refusal.CONCURRENT, False),
        (45168, Refusal.SENSITIVE_WORD, True),
        (47003, Refusal.WRONG_FIELD, True),
    ],
)
def test_a_refusal_says_why_and_whether_for_good(
    gateway: Gateway, wechat: FakeControl, errcode: int, reason: Refusal, is_final: bool
) -> None:
    wechat.fault(SEND, "errcode", errcode=errcode)

    with pytest.raises(SendRefused) as refused:
        send(gateway, wechat)

    assert (refused.value.reason, refused.value.errcode, refused.value.is_final) == (
        reason,
        errcode,
        is_final,
    )


def test_a_field_wechat_does_not_know_is_named(gateway: Gateway, wechat: FakeControl) -> None:
    with pytest.raises(SendRefused) as refused:
        send(gateway, wechat, FIELDS | {"thing1": "not in the template"})

    assert refused.value.params == {"reason": "wrong_field", "errcode": 47003, "field": "thing1"}


@pytest.mark.parametrize("errcode", [40037, 41030])
def test_a_missing_template_or_page_alarms_operators(
    gateway: Gateway, wechat: FakeControl, logs: LogWatch, errcode: int
) -> None:
    wechat.fault(SEND, "errcode", errcode=errcode)

    with pytest.raises(SendRefused):
        send(gateway, wechat)

    assert any(event["event"] == "wechat.alarm" and event["errcode"] == str(errcode) for event in logs.events)


@pytest.mark.parametrize("errcode", [45009, 45011, 48001])
def test_a_limit_means_not_sent_and_later(gateway: Gateway, wechat: FakeControl, errcode: int) -> None:
    wechat.fault(SEND, "errcode", errcode=errcode)

    with pytest.raises(WeChatUnavailable) as refused:
        send(gateway, wechat)

    assert refused.value.retry_after_s >= 60


def test_a_value_that_fits_no_form_is_refused_without_a_call(gateway: Gateway, wechat: FakeControl) -> None:
    with pytest.raises(ArgumentRefused) as refused:
        send(gateway, wechat, FIELDS | {"character_string7": "预约单"})

    assert refused.value.params == {"name": "character_string7", "rule": "character_string"}
    assert wechat.count(SEND) == 0


@pytest.mark.parametrize(
    "text",
    [
        "一二三四五六七八九十一二三四五六七八九十一",
        "😀" * 11,
        "👨‍👩‍👧‍👦" * 5,
        "",
        " \t\r\n",
        "第一行\n第二行\u2028第三行",
        "a" * 10_000,
        "\x00\x1b[31m",
        "\ud800",
    ],
)
def test_any_text_at_all_is_made_fit_for_a_thing(gateway: Gateway, wechat: FakeControl, text: str) -> None:
    accept(wechat, "alice")

    send(gateway, wechat, FIELDS | {"thing2": text})

    assert len(wechat.messages("alice")) == 1


def test_a_cancellation_fits_its_own_template(gateway: Gateway, wechat: FakeControl) -> None:
    wechat.post("/subscriptions", person="alice", template_id=BOOKING_CANCELLED_TEMPLATE, accept=True)

    gateway.send_subscribe_message(
        openid=wechat.openid("alice"),
        template_id=BOOKING_CANCELLED_TEMPLATE,
        fields={"thing1": "双碳馆", "time4": "2026年6月1日 10:00~11:00", "thing6": "雨", "phrase8": "已取消"},
    )

    assert len(wechat.messages("alice")) == 1


def test_messages_to_many_people_at_once_each_arrive_once(gateway: Gateway, wechat: FakeControl) -> None:
    people = [f"person-{number}" for number in range(12)]
    openids = {person: wechat.openid(person) for person in people}
    for person in people:
        accept(wechat, person)

    with ThreadPoolExecutor(12) as pool:
        results = list(
            pool.map(
                lambda person: gateway.send_subscribe_message(
                    openid=openids[person], template_id=TEMPLATE, fields=FIELDS
                ),
                people,
            )
        )

    assert len({result.msgid for result in results}) == 12
    assert [len(wechat.messages(person)) for person in people] == [1] * 12
