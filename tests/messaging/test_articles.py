"""Those who follow a topic are told of something new under it: everybody once, whatever breaks in between."""

import contextlib
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from content.models import Article, Push, Standing
from content.service import pushing
from miniprogram_api.devtools.fake_wechat import (
    DEMO_ARTICLE_PUBLISHED,
    FakeWeChat,
)
from miniprogram_api.kernel import events
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.messaging import jobs_articles, jobs_sending
from miniprogram_api.messaging.models import MessageDelivery
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
    told,
)
from tests.support.clients import MemberClient
from tests.support.publishing import Desk, approved_article, make_desk, publish
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
