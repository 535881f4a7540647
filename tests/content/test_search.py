"""Search over articles: what is found, in which order, alike on both databases, and what else is offered."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from content.models import ArticleCount, Standing
from content.queries.search import INDEX
from content.rules.suggesting import find_nearby
from content.service.publishing import retract_article
from content.service.topics import edit_topic
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic
from tests.conftest import Clock
from tests.factories.articles import document, make_article, make_topic
from tests.support.publishing import publish_article
from tests.support.statements import statements

FEED = "/api/v1/articles"
# Title, summary, body; the later ones are older.
LIBRARY = (
    ("碳普惠是什么", "把低碳行为记成积分。", "坐公交、骑行都能记录。"),
    ("绿色出行怎么记录", "骑行与公交。", "长春的碳普惠平台会核算减排量。"),
    ("普惠金融与碳账户", "两件不同的事。", "碳账户不是银行账户。"),
    ("光伏与储能：CO2 怎么算", "PV 系统的减排。", "每度电按电网因子折算。"),
    ("空气源热泵过冬", "低温热泵的能效。", "COP 在零下二十度仍有 2.0。"),
    ("垃圾分类从厨房开始", "厨余、可回收、有害、其他。", "湿垃圾可以堆肥。"),
    ("净月潭湿地的碳汇", "湿地固碳。", "碳汇计量有方法学。"),
)


@pytest.fixture
def library(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        for hours, (title, summary, body) in enumerate(LIBRARY):
            at = clock.now - timedelta(hours=hours)
            make_article(session, title=title, summary=summary, body=document(body), published_at=at)


def search(client: FlaskClient, q: str, **query: Any) -> dict[str, Any]:
    answer = client.get(FEED, query_string={"q": q, **query})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def found(client: FlaskClient, q: str, **query: Any) -> list[str]:
    return [item["title"] for item in search(client, q, **query)["items"]]


@pytest.mark.usefixtures("library")
@pytest.mark.parametrize(
    ("q", "titles"),
    [
        ("碳普惠", ["碳普惠是什么", "绿色出行怎么记录"]),
        ("热泵", ["空气源热泵过冬"]),
        ("骑行", ["碳普惠是什么", "绿色出行怎么记录"]),
        ("CO2", ["光伏与储能：CO2 怎么算"]),
        ("co2", ["光伏与储能：CO2 怎么算"]),
        ("ＣＯ２", ["光伏与储能：CO2 怎么算"]),
        ("光伏 CO2", ["光伏与储能：CO2 怎么算"]),
        ("光伏CO2", ["光伏与储能：CO2 怎么算"]),
        ("COP", ["空气源热泵过冬"]),
        ("碳汇", ["净月潭湿地的碳汇"]),
        ("湿", ["净月潭湿地的碳汇", "垃圾分类从厨房开始"]),
        ("湿地 碳汇", ["净月潭湿地的碳汇"]),
        ("长春 骑行", ["绿色出行怎么记录"]),
        ("惠普", []),
        ("？！", []),
        ('" OR 1=1 --', []),
    ],
)
def test_words_find_what_holds_them_and_titles_weigh_more(
    client: FlaskClient, q: str, titles: list[str]
) -> None:
    assert found(client, q) == titles


@pytest.mark.usefixtures("library")
def test_a_title_comes_before_a_newer_text(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        make_article(session, title="今日要闻", body=document("热泵"), pinned=True)
    assert found(client, "热泵") == ["空气源热泵过冬", "今日要闻"]


def test_pages_of_a_search_follow_one_another(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        for number in range(7):
            title = f"光伏 {number}" if number % 2 else f"屋顶 {number}"
            at = clock.now - timedelta(hours=number)
            make_article(session, title=title, body=document("光伏"), published_at=at)
    titles: list[str] = []
    cursor: str | None = None
    while True:
        page = search(client, "光伏", limit=2, **({"cursor": cursor} if cursor else {}))
        titles += [item["title"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert titles == ["光伏 1", "光伏 3", "光伏 5", "屋顶 0", "屋顶 2", "屋顶 4", "屋顶 6"]


@pytest.mark.usefixtures("library")
def test_where_nothing_is_found_three_popular_articles_are_offered(client: FlaskClient) -> None:
    with atomic() as session:
        for number, title in enumerate(("垃圾分类再说说", "冬季供暖", "骑行地图", "屋顶花园")):
            article = make_article(session, title=title)
            session.add(ArticleCount(article_id=article.id, reads=number, likes=0, favourites=0, forgotten=0))
    answer = search(client, "查无此词")
    assert answer["items"] == []
    popular = [card["title"] for card in answer["suggestions"]["popular"]]
    assert popular == ["屋顶花园", "骑行地图", "冬季供暖"]


@pytest.mark.usefixtures("library")
def test_a_misspelling_is_offered_what_finds_something(client: FlaskClient) -> None:
    suggestions = search(client, "碳普会")["suggestions"]
    assert suggestions["query"] == "碳普惠"
    assert found(client, suggestions["query"])


@pytest.mark.parametrize(
    ("q", "nearby"), [("能效标只", "能效标识"), ("绿色出形", "绿色出行"), ("绿色出街", "绿色出行")]
)
def test_a_misspelt_technology_or_topic_is_offered_and_finds_its_articles(
    client: FlaskClient, q: str, nearby: str
) -> None:
    with atomic() as session:
        travel, living = make_topic(session, name="绿色出行"), make_topic(session, name="低碳生活")
        make_article(session, title="坐电车", topics=[travel, living])
        make_article(session, title="买冰箱", technologies=["能效标识", "水效标识"], topics=[living])
    with statements() as sent:
        suggestions = search(client, q)["suggestions"]
    assert suggestions["query"] == nearby
    assert len(sent) <= 2
    assert found(client, nearby) == [{"能效标识": "买冰箱", "绿色出行": "坐电车"}[nearby]]


def test_a_retired_topic_is_not_offered(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        topic = make_topic(session, name="绿色出行", retired_at=clock.now)
        make_article(session, title="坐电车", topics=[topic])
    assert search(client, "绿色出形")["suggestions"]["query"] is None


def test_what_is_published_is_found_by_the_name_its_topic_has(
    client: FlaskClient, fresh: Callable[[], None]
) -> None:
    with atomic() as session:
        topic = make_topic(session, name="绿色出行")
        publish_article(session, title="坐电车", topics=[topic.id])
    assert found(client, "绿色出行") == ["坐电车"]
    with atomic() as session:
        session.add(topic)
        edit_topic(session, topic, changes={"name": "慢行城市"}, actor=SYSTEM)
    fresh()
    assert found(client, "慢行城市") == ["坐电车"]
    assert found(client, "绿色出行") == []


@pytest.mark.usefixtures("library")
def test_nothing_is_offered_where_something_is_found_or_nothing_was_looked_for(client: FlaskClient) -> None:
    assert search(client, "热泵")["suggestions"] is None
    assert client.get(FEED, query_string={"kind": "news"}).get_json()["suggestions"] is None


@pytest.mark.parametrize(
    ("q", "titles", "nearby"),
    [
        ("碳普会", ["碳普惠是什么"], "碳普惠"),
        ("垃圾分累", ["垃圾分类从厨房开始"], "垃圾分类"),
        ("photvoltaic", ["Photovoltaic 简史"], "photovoltaic"),
        ("热泵", ["热泵过冬"], None),
        ("完全无关", ["热泵过冬"], None),
        ("碳，惠", ["碳普惠"], "碳普惠"),
        ("长" * 30, ["长" * 40], None),
        ("碳普会", [], None),
    ],
)
def test_the_nearest_words_differ_in_a_character_or_two(
    q: str, titles: list[str], nearby: str | None
) -> None:
    assert find_nearby(q, titles) == nearby


def test_what_is_published_is_found_and_what_is_retracted_is_not(
    client: FlaskClient, clock: Clock, fresh: Callable[[], None]
) -> None:
    with atomic() as session:
        article = publish_article(session, title="碳普惠上线")
    assert found(client, "碳普惠") == ["碳普惠上线"]
    with atomic() as session:
        session.add(article)
        retract_article(session, article, reason="有误", actor=SYSTEM, now=clock.now)
    fresh()
    assert found(client, "碳普惠") == []


def test_an_index_that_is_behind_shows_nothing_that_is_not_live(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        article = make_article(session, title="碳普惠旧文", standing=Standing.RETRACTED)
        INDEX.put(session, article.id, title=article.title)
    assert found(client, "碳普惠") == []
