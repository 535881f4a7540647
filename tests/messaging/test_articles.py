"""Those who follow a topic are told of something new under it: everybody once, whatever breaks in between."""

import contextlib
import functools
from collections import Counter
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from content.models import Article, Push, Standing, Topic, TopicFollow
from content.service import pushing
from content.service.pushing import Batch
from miniprogram_api.devtools.fake_wechat import (
    DEMO_ARTICLE_PUBLISHED,
    FakeWeChat,
)
from miniprogram_api.identity.service import personal_data
from miniprogram_api.kernel import events
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, reading, retrying
from miniprogram_api.messaging import jobs_articles, jobs_sending
from miniprogram_api.messaging.models import Message, MessageDelivery, SubscriptionCredit
from miniprogram_api.messaging.service import articles, sending
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
from tests.support.publishing import Desk, approved_article, make_desk, publish
from tests.support.races import at_once
from tests.support.statements import statements

pytestmark = [
    pytest.mark.usefixtures("clock"),
    pytest.mark.parametrize(
        "settings", [{"wechat_template_article_published": DEMO_ARTICLE_PUBLISHED}], indirect=True
    ),
]


@pytest.fixture
def topics(app: Flask) -> list[UUID]:
    with atomic() as session:
        return [make_topic(session, name).id for name in ("光伏发电", "低碳校园", "绿色出行")]


@pytest.fixture
def desk(app: Flask) -> Desk:
    with atomic() as session:
        return make_desk(session)


def test_a_follower_finds_it_in_the_inbox_and_in_wechat_if_they_accepted(
    app: Flask, fake_wechat: FakeWeChat, desk: Desk, topics: list[UUID], clock: Clock
) -> None:
    alice, bob = MemberClient(app, fake_wechat), MemberClient(app, fake_wechat, "bob")
    carol = MemberClient(app, fake_wechat, "carol")
    for member in (alice, bob):
        follow(member.id, topics[:1])
    accept(alice, fake_wechat)
    article = published(desk, topics[:1])
    drain()
    jobs_sending.send_subscriptions()

    (message,) = delivered(fake_wechat)
    assert (message["person"], message["page"]) == ("alice", f"pages/article/index?id={article.id}")
    assert {key: item["value"] for key, item in message["data"].items()} == {
        "thing2": "长春冬天的光伏能发多少电",
        "thing5": "光伏发电",
        "time3": "2026年11月23日 10:00",
        "thing7": "点击查看全文",
    }
    for member, unread in ((alice, 1), (bob, 1), (carol, 0)):
        assert member.get("/api/v1/messages").get_json()["unread"] == unread
    (item,) = bob.get("/api/v1/messages").get_json()["items"]
    assert (item["kind"], item["subject_id"]) == ("article_published", str(article.id))
    assert item["title"] == "“光伏发电”有新内容"
    assert item["body"].startswith("您关注的专题“光伏发电”发布了《长春冬天的光伏能发多少电》。")


def test_whoever_follows_several_of_its_topics_is_told_once(
    desk: Desk, topics: list[UUID], clock: Clock
) -> None:
    everybody = followers(5, topics[0])
    for member in everybody[:3]:
        follow(member, topics[1:])
    published(desk, topics)
    drain()
    assert told() == sorted(everybody)
    assert pushes() == [(5, True)]


def test_without_a_push_nobody_is_told(desk: Desk, topics: list[UUID], clock: Clock) -> None:
    followers(2, topics[0])
    published(desk, topics, push=False)
    drain()
    assert (told(), pushes()) == ([], [])


def test_an_update_is_told_only_when_it_is_pushed_and_then_once(
    desk: Desk, topics: list[UUID], clock: Clock
) -> None:
    followers(2, topics[0])
    article = published(desk, topics[:1])
    drain()
    with atomic() as session:
        push = session.scalars(select(Push)).one()
        again = pushing.request_push(
            session,
            article_id=article.id,
            revision_id=push.revision_id,
            staff_id=desk.publisher,
            actor=SYSTEM,
            now=clock.now,
        )
    drain()
    assert (again, len(told())) == (False, 2)


def test_an_article_taken_back_meanwhile_is_told_to_nobody_else(
    desk: Desk, topics: list[UUID], clock: Clock
) -> None:
    followers(4, topics[0])
    article = published(desk, topics[:1])
    with atomic() as session:
        assert pushing.list_unfinished(session, limit=9) == []
    assert events.drain() > 0  # the push is asked for
    with atomic() as session:
        (push_id,) = pushing.list_unfinished(session, limit=9)
        assert articles.tell_followers(session, push_id, now=clock.now, limit=3)
        session.get_one(Article, article.id).standing = Standing.RETRACTED
    drain()
    assert len(told()) == 3
    assert pushes() == [(3, True)]


def test_a_batch_is_told_or_not_at_all_and_the_sweep_goes_on(
    desk: Desk, topics: list[UUID], clock: Clock
) -> None:
    everybody = followers(7, topics[0])
    published(desk, topics[:1])
    events.drain()
    with reading() as session:
        (push_id,) = pushing.list_unfinished(session, limit=9)
    with atomic() as session:
        articles.tell_followers(session, push_id, now=clock.now, limit=3)
    _tell_and_fail(push_id, clock)
    assert len(told()) == 3

    jobs_articles.resume_telling()

    assert (told(), pushes()) == (sorted(everybody), [(7, True)])
    drain()  # what the events still ask for changes nothing
    assert told() == sorted(everybody)


def _tell_and_fail(push_id: UUID, clock: Clock) -> None:
    with contextlib.suppress(RuntimeError), atomic() as session:
        articles.tell_followers(session, push_id, now=clock.now, limit=3)
        raise RuntimeError


def test_telling_takes_as_many_statements_for_many_as_for_few(
    desk: Desk, topics: list[UUID], clock: Clock
) -> None:
    counts = []
    for topic, number in ((topics[0], 5), (topics[1], 90)):
        followers(number, topic)
        published(desk, [topic])
        events.drain()
        with reading() as session:
            push_id = pushing.list_unfinished(session, limit=9)[-1]
        with statements() as sent, atomic() as session:
            assert articles.tell_followers(session, push_id, now=clock.now)
        counts.append(len(sent))
    assert counts[0] == counts[1]


def test_whoever_has_no_credit_left_holds_up_nobody_behind_them(
    app: Flask, fake_wechat: FakeWeChat, desk: Desk, topics: list[UUID], clock: Clock
) -> None:
    everybody = followers(sending.BATCH * 2 + 1, topics[0])
    with atomic() as session:
        session.add_all(
            SubscriptionCredit(member_id=it, template="article_published", credits=1, updated_at=clock.now)
            for it in everybody
        )
    published(desk, topics[:1])
    drain()
    with atomic() as session:
        session.execute(update(SubscriptionCredit).values(credits=0))
    alice = MemberClient(app, fake_wechat)
    follow(alice.id, topics[1:2])
    accept(alice, fake_wechat)
    clock.advance(minutes=1)
    published(desk, topics[1:2])
    drain()
    jobs_sending.send_subscriptions()
    assert Counter(states()) == {"no_credit": len(everybody), "sent": 1}


def test_nobody_is_told_under_a_topic_that_was_given_up(desk: Desk, topics: list[UUID], clock: Clock) -> None:
    of_both, of_standing, _of_retired = followers(3, topics[0])
    follow(of_both, topics[1:2])
    with atomic() as session:
        session.execute(
            update(TopicFollow).where(TopicFollow.member_id == of_standing).values(topic_id=topics[1])
        )
    published(desk, topics[:2])
    with atomic() as session:
        session.get_one(Topic, topics[0]).retired_at = clock.now
    drain()
    assert told() == sorted([of_both, of_standing])
    with reading() as session:
        assert set(session.scalars(select(Message.title))) == {"“低碳校园”有新内容"}


def test_an_article_whose_topics_were_all_given_up_is_told_to_nobody(
    desk: Desk, topics: list[UUID], clock: Clock
) -> None:
    followers(2, topics[0])
    published(desk, topics[:1])
    with atomic() as session:
        session.get_one(Topic, topics[0]).retired_at = clock.now
    drain()
    assert (told(), pushes()) == ([], [(0, True)])


def test_whoever_is_erased_at_that_moment_is_not_told(
    desk: Desk, topics: list[UUID], clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    staying, leaving = followers(2, topics[0])
    with atomic() as session:
        session.add_all(
            SubscriptionCredit(member_id=it, template="article_published", credits=1, updated_at=clock.now)
            for it in (staying, leaving)
        )
    published(desk, topics[:1])
    find = pushing.lock_next_batch

    def erased_after(session: Session, push_id: UUID, **how: Any) -> Batch | None:
        # The followers have been read; now one is erased, and what else was beside that is still there.
        batch = find(session, push_id, **how)
        if batch is None:
            return None
        personal_data.erase_member(session, member_id=leaving, actor=SYSTEM, now=clock.now)
        session.add(
            SubscriptionCredit(
                member_id=leaving, template="article_published", credits=1, updated_at=clock.now
            )
        )
        return batch

    monkeypatch.setattr(pushing, "lock_next_batch", erased_after)
    drain()
    assert told() == [staying]
    with reading() as session:
        assert list(session.scalars(select(MessageDelivery.member_id))) == [staying]
    assert pushes() == [(1, True)]


def test_an_erasure_beside_a_batch_leaves_nothing_behind(
    app: Flask, desk: Desk, topics: list[UUID], clock: Clock
) -> None:
    leaving = followers(20, topics[0])
    with atomic() as session:
        session.add_all(
            SubscriptionCredit(member_id=it, template="article_published", credits=1, updated_at=clock.now)
            for it in leaving
        )
    published(desk, topics[:1])
    events.drain()
    with reading() as session:
        (push_id,) = pushing.list_unfinished(session, limit=9)

    @retrying
    def tell() -> None:
        with atomic() as session:
            articles.tell_followers(session, push_id, now=clock.now)

    @retrying
    def erase(member_id: UUID) -> None:
        with atomic() as session:
            personal_data.erase_member(session, member_id=member_id, actor=SYSTEM, now=clock.now)

    at_once(app, [tell, *(functools.partial(erase, member_id) for member_id in leaving)], threads=4)
    with reading() as session:
        assert session.scalars(select(MessageDelivery)).all() == []
    assert told() == []


def test_a_planned_article_is_told_when_it_appears(desk: Desk, topics: list[UUID], clock: Clock) -> None:
    everybody = followers(2, topics[0])
    with atomic() as session:
        article = approved_article(session, desk, topics=topics[:1])
    drain()
    assert told() == []
    clock.advance(hours=1)
    with atomic() as session:
        publish(session, desk, session.get_one(Article, article.id), push=True)
    drain()
    assert told() == sorted(everybody)
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(MessageDelivery)) == 0
