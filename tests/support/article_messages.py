"""Followers of topics, what they accept in WeChat, and what reaches them."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from content.models import Article, Push, TopicFollow
from miniprogram_api.devtools.fake_wechat import ARTICLE_PUBLISHED_TEMPLATE, FakeWeChat
from miniprogram_api.kernel import events
from miniprogram_api.kernel.clock import now as clock_now
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.messaging.models import Message, MessageDelivery
from tests.factories.members import make_member
from tests.support.clients import FakePeople, MemberClient
from tests.support.publishing import Desk, publish_article


def follow(member_id: UUID | str, topics: Iterable[UUID]) -> None:
    """A member follows topics."""
    with atomic() as session:
        for topic in topics:
            session.add(TopicFollow(topic_id=topic, member_id=UUID(str(member_id)), created_at=clock_now()))


def followers(number: int, topic: UUID) -> list[UUID]:
    """So many members who follow a topic."""
    with atomic() as session:
        ids = [make_member(session).id for _ in range(number)]
        session.add_all(TopicFollow(topic_id=topic, member_id=it, created_at=clock_now()) for it in ids)
    return ids


def published(desk: Desk, topics: Iterable[UUID], *, push: bool = True) -> Article:
    """An article under topics, whose followers are to be told."""
    with atomic() as session:
        return publish_article(session, desk=desk, topics=topics, push=push)


def drain() -> None:
    """Deliver every event, and those that follow."""
    while events.drain():
        pass


def told() -> list[UUID]:
    """Who was told, as often as they were."""
    with reading() as session:
        return list(session.scalars(select(Message.member_id).order_by(Message.member_id)))


def pushes() -> list[tuple[int, bool]]:
    """How many each push has told, and whether it is over."""
    with reading() as session:
        return [(push.told, push.finished_at is not None) for push in session.scalars(select(Push))]


def accept(
    member: MemberClient,
    fake: FakeWeChat,
    *,
    times: int = 1,
    template: str = "article_published",
    template_id: str = ARTICLE_PUBLISHED_TEMPLATE,
) -> None:
    """The member accepts in WeChat, and the client tells us."""
    FakePeople(fake).control(
        "POST", "/subscriptions", person=member.person, template_id=template_id, accept=True, count=times
    )
    for _ in range(times):
        answer = member.post("/api/v1/subscriptions", json={"template": template, "accepted": True})
        assert answer.status_code == 200, answer.text


def delivered(fake: FakeWeChat) -> list[dict[str, Any]]:
    """The messages that arrived in WeChat."""
    return list(FakePeople(fake).control("GET", "/messages")["messages"])


def states() -> list[str]:
    """How far each message for WeChat has come."""
    with reading() as session:
        rows = session.scalars(select(MessageDelivery).order_by(MessageDelivery.id))
        return [delivery.state.value for delivery in rows]
