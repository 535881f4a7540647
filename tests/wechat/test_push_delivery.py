"""Pushes as WeChat delivers them, over real HTTP: answered at once, sent again without harm."""

from collections.abc import Generator

import pytest
from flask import Flask

from miniprogram_api.devtools.fake_wechat import DEMO_PUSH_AES_KEY, DEMO_PUSH_TOKEN, FakeWeChat
from miniprogram_api.devtools.fake_wechat.pushing import Form
from miniprogram_api.kernel import events
from tests.support.clients import FakePeople
from tests.support.races import at_once
from tests.support.served import served
from tests.support.wechat_pushes import FORMS, configure, facts, in_the_mode_of, judged, post, pushed

FAILED = {"TemplateId": "t", "MsgID": "19", "ErrorCode": "1"}


@pytest.fixture
def origin(app: Flask) -> Generator[str]:
    with served(app) as address:
        yield address


@pytest.fixture
def redis_url() -> str:
    """None: nothing here is cached."""
    return ""


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_a_push_is_answered_at_the_first_try_within_seconds(
    app: Flask, origin: str, fake_wechat: FakeWeChat, form: Form
) -> None:
    in_the_mode_of(app, form)
    people = FakePeople(fake_wechat)
    people.control("POST", "/push", url=f"{origin}/wechat/push")
    sent = {"person": "alice", "event": "subscribe_msg_sent_event", "fields": {"List": [FAILED]}}
    people.control("POST", "/events", **sent, xml=form.xml, plain=not form.safe)
    (entry,) = fake_wechat.pushed()
    (attempt,) = entry["tries"]
    assert (attempt["status"], attempt["answer"], attempt["ms"] < 5000) == (200, "success", True)
    assert len(facts("wechat.subscription_failed")) == 1


def test_whoever_acts_on_it_keeps_nobody_waiting(app: Flask, origin: str, fake_wechat: FakeWeChat) -> None:
    """What follows is delivered by background work: even a handler that fails is no matter of the answer."""
    configure(app, wechat_push_token=DEMO_PUSH_TOKEN, wechat_push_aes_key=DEMO_PUSH_AES_KEY)
    assert post(app, *pushed(judged())).status_code == 200
    assert events.measure_backlog().pending > 0


def test_a_push_that_is_not_answered_success_comes_thrice(
    app: Flask, origin: str, fake_wechat: FakeWeChat
) -> None:
    configure(app, wechat_push_token="another", wechat_push_aes_key=DEMO_PUSH_AES_KEY)
    people = FakePeople(fake_wechat)
    people.control("POST", "/push", url=f"{origin}/wechat/push")
    people.control("POST", "/events", person="alice", event="subscribe_msg_sent_event")
    (entry,) = fake_wechat.pushed()
    assert [attempt["status"] for attempt in entry["tries"]] == [404] * 3


def test_the_same_push_at_once_counts_once(app: Flask) -> None:
    configure(app, wechat_push_token=DEMO_PUSH_TOKEN, wechat_push_aes_key=DEMO_PUSH_AES_KEY)
    query, body = pushed(judged())
    statuses = at_once(app, [lambda: post(app, query, body).status_code] * 4)
    # Who meets another at the same work is asked to come again, as WeChat does.
    assert set(statuses) <= {200, 409}
    assert 200 in statuses
    assert len(facts("wechat.picture_judged")) == 1
