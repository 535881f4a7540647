"""A worker is killed while it tells followers of an article or sends to WeChat: nobody hears of it twice."""

import os
import random
import signal
from collections import Counter
from collections.abc import Generator
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import update

from config.settings import Settings
from miniprogram_api.devtools.fake_wechat import DEMO_ARTICLE_PUBLISHED, FakeWeChat
from miniprogram_api.kernel.db import atomic
from miniprogram_api.messaging import jobs_articles, jobs_sending
from miniprogram_api.messaging.models import DeliveryState, MessageDelivery
from miniprogram_api.messaging.service import articles
from tests.conftest import Clock
from tests.factories.content import make_topic
from tests.support.article_messages import (
    accept,
    delivered,
    drain,
    follow,
    followers,
    published,
    pushes,
    states,
    told,
)
from tests.support.clients import MemberClient
from tests.support.forked import run_forked
from tests.support.killed_sending import in_small_batches, send_and_die, tell_and_die
from tests.support.publishing import Desk, make_desk

POINTS = 40 if "FUZZ_LONG" in os.environ else 4

pytestmark = [
    pytest.mark.usefixtures("clock"),
    pytest.mark.parametrize(
        "settings", [{"wechat_template_article_published": DEMO_ARTICLE_PUBLISHED}], indirect=True
    ),
]


@pytest.fixture
def desk(app: Flask) -> Desk:
    with atomic() as session:
        return make_desk(session)


@pytest.fixture
def topic(app: Flask) -> UUID:
    with atomic() as session:
        return make_topic(session).id


@pytest.fixture
def _small_batches() -> Generator[None]:
    before = in_small_batches()
    yield
    vars(articles)["tell_followers"] = before


def a_message_on_its_way(app: Flask, fake: FakeWeChat, desk: Desk, topic: UUID) -> MemberClient:
    """Somebody who would let two be sent, and one that waits."""
    alice = MemberClient(app, fake)
    follow(alice.id, [topic])
    accept(alice, fake, times=2)
    published(desk, [topic])
    drain()
    assert states() == ["pending"]
    return alice


@pytest.mark.parametrize(("moment", "arrived"), [("claimed", 0), ("sent", 1)])
def test_a_worker_killed_between_sending_and_recording_sends_nothing_twice(
    app: Flask,
    settings: Settings,
    fake_wechat: FakeWeChat,
    desk: Desk,
    topic: UUID,
    clock: Clock,
    moment: str,
    arrived: int,
) -> None:
    alice = a_message_on_its_way(app, fake_wechat, desk, topic)
    ended = run_forked(send_and_die, settings, clock.now, moment, folder=settings.data_dir)
    assert ended.status == -signal.SIGKILL, ended.printed
    assert (states(), len(delivered(fake_wechat))) == (["sending"], arrived)

    for _ in range(4):
        jobs_sending.send_subscriptions()
        clock.advance(hours=1)

    assert (states(), len(delivered(fake_wechat))) == (["unknown"], arrived)
    assert told() == [UUID(alice.id)]


def test_without_that_care_it_would_arrive_twice(
    app: Flask, settings: Settings, fake_wechat: FakeWeChat, desk: Desk, topic: UUID, clock: Clock
) -> None:
    """The control: a next worker that took the dead one's claim for something unsent."""
    a_message_on_its_way(app, fake_wechat, desk, topic)
    run_forked(send_and_die, settings, clock.now, "sent", folder=settings.data_dir)
    with atomic() as session:
        session.execute(
            update(MessageDelivery).values(state=DeliveryState.PENDING, next_attempt_at=clock.now)
        )
    jobs_sending.send_subscriptions()
    assert len(delivered(fake_wechat)) == 2


@pytest.mark.usefixtures("_small_batches")
def test_a_worker_killed_anywhere_among_the_batches_leaves_nobody_out_and_tells_nobody_twice(
    settings: Settings, desk: Desk, topic: UUID, clock: Clock
) -> None:
    everybody = followers(8, topic)
    published(desk, [topic])
    undisturbed = run_forked(tell_and_die, settings, clock.now, 0, folder=settings.data_dir)
    assert (undisturbed.status, Counter(told())) == (0, Counter(everybody)), undisturbed.printed
    statements = int(undisturbed.printed.split()[-1])

    chance = random.Random(statements)
    seen_unfinished = False
    points = sorted({2, statements - 1, *chance.sample(range(3, statements - 1), POINTS)})
    for times, point in enumerate(points, start=2):
        published(desk, [topic])
        ended = run_forked(tell_and_die, settings, clock.now, point, folder=settings.data_dir)
        assert ended.status == -signal.SIGKILL, ended.printed
        seen_unfinished |= Counter(told()) != Counter(everybody * times)
        jobs_articles.resume_telling()
        clock.advance(minutes=10)
        drain()
        assert Counter(told()) == Counter(everybody * times), f"killed before {point} of {statements}"
        assert pushes() == [(8, True)] * times
    assert seen_unfinished  # or the kills proved nothing
