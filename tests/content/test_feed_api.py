"""The feed over HTTP: what it shows, filters, order, pages, tags, and how many statements it takes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from content.models import ArticleCount, ArticleKind, Audience, Standing
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.ids import new_id
from tests.conftest import Clock
from tests.factories.articles import make_article, make_asset, make_topic
from tests.factories.sites import make_site
from tests.support.problems import assert_problem
from tests.support.statements import statements

FEED = "/api/v1/articles"


def items(client: FlaskClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.get(FEED, query_string=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.get_json()["items"]
    return found


def titles(client: FlaskClient, **query: Any) -> list[str]:
    return [item["title"] for item in items(client, **query)]


def every_page(client: FlaskClient, **query: Any) -> list[str]:
    """The titles of all pages, two articles at a time."""
    found: list[str] = []
    cursor = None
    while True:
        more = {"cursor": cursor} if cursor else {}
        page = client.get(FEED, query_string={**query, "limit": 2} | more).get_json()
        found += [item["title"] for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def test_an_item_has_what_a_card_shows(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        cover = make_asset(session)
        article = make_article(session, cover=cover)
        session.add(ArticleCount(article_id=article.id, reads=7, likes=2, favourites=1, forgotten=0))
    assert items(client) == [
        {
            "id": str(article.id),
            "kind": "knowledge",
            "kind_name": "知识",
            "title": "长春的冬天，光伏还发电吗",
            "summary": "低温其实有利，真正的考验是积雪。",
            "cover": {
                "url": f"/media/{cover.file_name}",
                "srcset": [
                    {"url": f"/media/{cover.sizes[0]['name']}", "width": 480},
                    {"url": f"/media/{cover.file_name}", "width": 1600},
                ],
                "width": 1600,
                "height": 900,
                "alt": "雪后屋顶上的光伏板",
                "source": "本平台绘制",
            },
            "pinned": False,
            "published_at": "2026-11-23T10:00:00+08:00",
            "reading_minutes": 1,
            "counts": {"reads": 7, "likes": 2, "favourites": 1},
        }
    ]


def test_only_what_is_live_is_shown(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        make_article(session, title="在线")
        make_article(session, title="草稿", standing=Standing.DRAFT, live_revision_id=None, published_at=None)
        make_article(session, title="已撤回", standing=Standing.RETRACTED)
        make_article(session, title="已到期", standing=Standing.EXPIRED)
        make_article(session, title="刚到期", expires_at=clock.now)
        make_article(session, title="未到期", expires_at=clock.now + timedelta(minutes=1))
    assert set(titles(client)) == {"在线", "未到期"}


def test_pinned_come_first_then_the_newest(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        for days, pinned in ((3, True), (1, False), (0, False), (2, True), (5, False)):
            made = clock.now - timedelta(days=days)
            make_article(session, title=f"{days}天前", pinned=pinned, published_at=made)
    expected = ["2天前", "3天前", "0天前", "1天前", "5天前"]
    assert titles(client) == expected
    assert every_page(client) == expected


def test_pages_stay_while_articles_are_added(
    client: FlaskClient, clock: Clock, fresh: Callable[[], None]
) -> None:
    with atomic() as session:
        for hours in range(4):
            make_article(session, title=f"{hours}", published_at=clock.now - timedelta(hours=hours))
    first = client.get(FEED, query_string={"limit": 2}).get_json()
    with atomic() as session:
        make_article(session, title="新", published_at=clock.now + timedelta(hours=1))
    fresh()
    second = client.get(FEED, query_string={"limit": 2, "cursor": first["next_cursor"]}).get_json()
    assert [item["title"] for item in first["items"] + second["items"]] == ["0", "1", "2", "3"]


def test_articles_of_one_instant_are_told_apart_by_their_ids(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        for number in range(5):
            make_article(session, title=f"{number}")
    assert sorted(every_page(client)) == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"kind": "news"}, ["资讯"]),
        ({"kind": "technology", "audience": "schools"}, ["技术"]),
        ({"audience": "schools"}, ["技术"]),
        ({"technology": "热泵"}, ["技术"]),
        ({"technology": "泵"}, []),
        ({"technology": "热泵", "kind": "news"}, []),
    ],
)
def test_filters_narrow_the_feed(
    client: FlaskClient, clock: Clock, query: dict[str, str], found: list[str]
) -> None:
    with atomic() as session:
        make_article(session, title="资讯", kind=ArticleKind.NEWS)
        make_article(
            session,
            title="技术",
            kind=ArticleKind.TECHNOLOGY,
            audience=Audience.SCHOOLS,
            technologies=["热泵", "光伏"],
        )
        make_article(session, title="知识")
    assert titles(client, **query) == found


def test_topic_and_site_narrow_the_feed(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        topic, site = make_topic(session), make_site(session)
        make_article(session, title="专题里的", topics=[topic])
        make_article(session, title="说示范点的", site_ids=[site.id])
        make_article(session, title="都是", topics=[topic], site_ids=[site.id])
    assert set(titles(client, topic=topic.id)) == {"专题里的", "都是"}
    assert set(titles(client, site=site.id)) == {"说示范点的", "都是"}
    assert titles(client, topic=topic.id, site=site.id, q="都是") == ["都是"]
    assert titles(client, topic=new_id()) == titles(client, site="nonsense") == []


@pytest.mark.parametrize(
    "query", [{"kind": "poem"}, {"audience": "nobody"}, {"limit": 0}, {"cursor": "x"}, {"page": 2}]
)
def test_a_wrong_filter_is_named(client: FlaskClient, clock: Clock, query: dict[str, Any]) -> None:
    answer = client.get(FEED, query_string=query)
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("query", [{}, {"kind": "news"}, {"q": "光伏"}])
def test_the_first_page_is_prepared_and_tagged(
    client: FlaskClient, clock: Clock, fresh: Callable[[], None], query: dict[str, str]
) -> None:
    with atomic() as session:
        make_article(session, kind=ArticleKind.NEWS)
    answer = client.get(FEED, query_string=query)
    tag = answer.headers["ETag"]
    assert not tag.startswith("W/")
    with statements() as sent:
        again = client.get(FEED, query_string=query, headers={"If-None-Match": tag})
    assert (again.status_code, again.data, sent) == (304, b"", [])
    with atomic() as session:
        make_article(session, title="光伏新篇", kind=ArticleKind.NEWS)
    fresh()
    changed = client.get(FEED, query_string=query, headers={"If-None-Match": tag})
    assert (changed.status_code, len(changed.get_json()["items"])) == (200, 2)


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"kind": "knowledge", "audience": "everyone", "technology": "光伏"},
        {"q": "光伏 积雪"},
        {"q": "查无此词"},
    ],
)
def test_statements_stay_the_same_as_data_grow(
    client: FlaskClient, clock: Clock, fresh: Callable[[], None], query: dict[str, str]
) -> None:
    counts = []
    for number in (1, 30):
        with atomic() as session:
            for _ in range(number):
                make_article(session, technologies=["光伏"], cover=make_asset(session))
        fresh()
        with statements() as sent:
            assert client.get(FEED, query_string={**query, "limit": 100}).status_code == 200
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 2


def test_an_invalid_cursor_is_refused(client: FlaskClient, clock: Clock) -> None:
    assert_problem(client.get(FEED, query_string={"cursor": "W10"}), 422, "request.cursor")
