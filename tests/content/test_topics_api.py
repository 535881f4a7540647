"""Topics over HTTP: the list, the reading list of one, and following them."""

from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from content.models import Standing, Topic, TopicFollow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from tests.conftest import Clock
from tests.content.conftest import Reader
from tests.factories.articles import make_article, make_asset, make_topic
from tests.support.problems import assert_problem
from tests.support.statements import statements


def test_topics_come_in_their_order_with_what_is_live_in_them(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        second = make_topic(session, name="绿色出行", position=2)
        first = make_topic(session, name="零碳校园", position=1, cover_asset_id=make_asset(session).id)
        make_topic(session, name="已停用", position=0, retired_at=clock.now)
        make_article(session, topics=[first, second])
        make_article(session, topics=[first])
        make_article(session, topics=[first], standing=Standing.RETRACTED)
    found = client.get("/api/v1/topics").get_json()
    assert [(topic["name"], topic["articles"]) for topic in found["items"]] == [
        ("零碳校园", 2),
        ("绿色出行", 1),
    ]
    assert found["items"][0]["cover"]["width"] == 1600
    assert found["next_cursor"] is None


def test_a_topic_shows_its_reading_list_page_by_page(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        topic = make_topic(session, name="零碳校园")
        for hours, pinned in ((3, True), (1, False), (2, False)):
            at = clock.now - timedelta(hours=hours)
            make_article(session, title=f"{hours}", topics=[topic], pinned=pinned, published_at=at)
        make_article(session, title="别处")
    address = f"/api/v1/topics/{topic.id}"
    first = client.get(address, query_string={"limit": 2}).get_json()
    second = client.get(address, query_string={"limit": 2, "cursor": first["next_cursor"]}).get_json()
    assert [item["title"] for item in first["items"] + second["items"]] == ["3", "1", "2"]
    assert (first["name"], first["articles"], second["next_cursor"]) == ("零碳校园", 3, None)


def test_a_topic_is_prepared_and_tagged(client: FlaskClient, clock: Clock, fresh: Callable[[], None]) -> None:
    with atomic() as session:
        topic = make_topic(session)
    for address in ("/api/v1/topics", f"/api/v1/topics/{topic.id}"):
        tag = client.get(address).headers["ETag"]
        with statements() as sent:
            again = client.get(address, headers={"If-None-Match": tag})
        assert (again.status_code, sent) == (304, [])


def test_a_topic_out_of_use_is_unknown(client: FlaskClient, reader: Reader, clock: Clock) -> None:
    with atomic() as session:
        topic = make_topic(session, retired_at=clock.now)
    for topic_id in (topic.id, new_id(), "x"):
        assert_problem(client.get(f"/api/v1/topics/{topic_id}"), 404, "content.topic_not_found")
        assert_problem(reader.post(f"/api/v1/topics/{topic_id}/follow"), 404, "content.topic_not_found")


def test_following_may_be_repeated(reader: Reader, clock: Clock) -> None:
    with atomic() as session:
        topic, other = make_topic(session, name="零碳校园"), make_topic(session)
    for what, following in (("follow", True), ("follow", True), ("unfollow", False), ("unfollow", False)):
        told = reader.post(f"/api/v1/topics/{topic.id}/{what}").get_json()
        assert told == {"topic_id": str(topic.id), "following": following}
        listed = reader.get("/api/v1/me/topics").get_json()["items"]
        assert [item["name"] for item in listed] == (["零碳校园"] if following else [])
    assert_problem(reader.post(f"/api/v1/topics/{new_id()}/unfollow"), 404, "content.topic_not_found")
    assert reader.post(f"/api/v1/topics/{other.id}/unfollow").status_code == 200


def test_a_topic_that_went_out_of_use_can_be_let_go(reader: Reader, app: Flask, clock: Clock) -> None:
    with atomic() as session:
        topic = make_topic(session)
    reader.post(f"/api/v1/topics/{topic.id}/follow")
    with atomic() as session:
        session.get_one(Topic, topic.id).retired_at = clock.now
    assert reader.get("/api/v1/me/topics").get_json()["items"] == []
    assert reader.post(f"/api/v1/topics/{topic.id}/unfollow").status_code == 200
    with reading() as session:
        assert session.scalars(select(TopicFollow)).all() == []


def test_lists_take_the_same_statements_however_many_there_are(
    client: FlaskClient, reader: Reader, clock: Clock, fresh: Callable[[], None]
) -> None:
    counts = []
    for number in (1, 15):
        with atomic() as session:
            for _ in range(number):
                topic = make_topic(session, cover_asset_id=make_asset(session).id)
                make_article(session, topics=[topic])
                session.add(TopicFollow(topic_id=topic.id, member_id=reader.id, created_at=clock.now))
        fresh()
        with statements() as sent:
            client.get("/api/v1/topics")
            reader.get("/api/v1/me/topics")
        counts.append(len(sent))
    assert counts[0] == counts[1]
