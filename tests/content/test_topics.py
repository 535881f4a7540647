"""Topics: named once, in an order that staff choose, retired and put back."""

import pytest
from flask import Flask
from sqlalchemy import select

from content.errors import TopicMissing, TopicNameTaken
from content.models import Placement, Topic
from content.service import topics
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic
from tests.conftest import Clock
from tests.factories.content import make_asset, make_topic
from tests.support.publishing import publish_article
from tests.support.races import at_once


def test_topics_stand_in_the_order_in_which_they_are_moved(app: Flask) -> None:
    with atomic() as session:
        first, second, third = (make_topic(session, name) for name in ("碳普惠", "节能", "出行"))
        topics.move_topic(session, third, to=0, actor=SYSTEM)
        topics.move_topic(session, first, to=99, actor=SYSTEM)
        order = select(Topic.name).order_by(Topic.position)
        assert list(session.scalars(order)) == ["出行", "节能", "碳普惠"]
        assert [third.position, second.position, first.position] == [0, 1, 2]


def test_a_name_is_given_once_even_while_its_topic_is_retired(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        topic, other = make_topic(session, "碳普惠"), make_topic(session, "节能")
        topics.retire_topic(session, topic, actor=SYSTEM, now=clock.now)
        with pytest.raises(TopicNameTaken):
            make_topic(session, "碳普惠")
        with pytest.raises(TopicNameTaken):
            topics.edit_topic(session, other, changes={"name": "碳普惠"}, actor=SYSTEM)
        topics.edit_topic(session, other, changes={"name": "节能", "summary": "省着用。"}, actor=SYSTEM)
        assert other.summary == "省着用。"


def test_of_two_who_give_a_name_at_once_one_hears_that_it_is_taken(app: Flask) -> None:
    def add() -> str:
        try:
            with atomic() as session:
                make_topic(session, "碳普惠")
        except TopicNameTaken as taken:
            return taken.code
        return "added"

    assert sorted(at_once(app, [add] * 3)) == ["added", *["content.topic_name_taken"] * 2]


def test_a_cover_may_be_given_and_taken(app: Flask) -> None:
    with atomic() as session:
        topic, asset = make_topic(session), make_asset(session)
        topics.edit_topic(session, topic, changes={"cover_asset_id": asset.id}, actor=SYSTEM)
        assert topic.cover_asset_id == asset.id
        topics.edit_topic(session, topic, changes={"cover_asset_id": None}, actor=SYSTEM)
        assert topic.cover_asset_id is None


def test_a_retired_topic_is_gone_and_comes_back_with_its_articles(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        topic = make_topic(session)
        article = publish_article(session, topics=[topic.id])
        topics.retire_topic(session, topic, actor=SYSTEM, now=clock.now)
        with pytest.raises(TopicMissing):
            topics.get_topic(session, topic.id)
        topics.put_topic_back(session, topics.get_topic(session, topic.id, retired=True), actor=SYSTEM)
        assert topics.get_topic(session, topic.id) is topic
        placed = select(Placement.article_id).where(Placement.topic_id == topic.id)
        assert list(session.scalars(placed)) == [article.id]
