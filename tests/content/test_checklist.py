"""What keeps a draft from being submitted: everything at once, each point where it is to be mended."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from content.queries.readiness import list_open_points
from content.service import assets, drafting, topics
from content.service.managed import latest_revision
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.web.messages import text
from tests.conftest import Clock
from tests.factories.content import body_of, linked, make_article, make_asset, make_topic, picture, question
from tests.factories.sites import make_site
from tests.support.documents import table
from tests.support.publishing import Desk, make_desk, write_article


def open_points(session: Session, desk: Desk, **values: Any) -> list[tuple[str, str]]:
    article = write_article(session, desk, **values)
    draft = drafting.draft_of(latest_revision(session, article))
    points = list_open_points(session, article, draft)
    for point in points:  # each can be said, with all that it speaks of
        assert "…" not in text(point.code, point.params, english=False)
    return [(point.field, point.code) for point in points]


def test_a_complete_text_has_no_open_point(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        inside, other = make_asset(session), make_article(session)
        body = body_of(
            "看图。",
            picture(inside.id),
            linked("国家能源局", "https://www.nea.gov.cn/x"),
            linked("另一篇", f"article:{other.id}"),
            linked("南湖", f"site:{make_site(session).id}"),
        )
        values = {"topics": [make_topic(session).id], "sites": [make_site(session).id], "quiz": [question()]}
        source = {"source_name": "统计局", "source_url": "https://tjj.changchun.gov.cn/a"}
        assert open_points(session, desk, body=body, **values, **source) == []


@pytest.mark.parametrize(
    ("values", "point"),
    [
        ({"title": " "}, ("title", "content.title_missing")),
        ({"summary": ""}, ("summary", "content.summary_missing")),
        ({"body": body_of(" ")}, ("body", "content.body_empty")),
        ({"cover_asset_id": None}, ("cover_asset_id", "content.cover_missing")),
        ({"topic_ids": [str(new_id())]}, ("topic_ids", "content.topic_gone")),
        ({"site_ids": [str(new_id())]}, ("site_ids", "content.site_gone")),
        ({"source_url": "http://a.gov.cn"}, ("source_url", "content.source_url")),
        ({"source_url": "javascript:alert(1)"}, ("source_url", "content.source_url")),
        ({"source_url": 'https://gov.cn@evil.example/"><b>'}, ("source_url", "content.source_url")),
        ({"source_url": "https://gov.cn@evil.example/"}, ("source_url", "content.source_url")),
        ({"source_url": 'https://www.gov.cn/"><b>'}, ("source_url", "content.source_url")),
        ({"source_url": "https://gov.cn.evil.example/"}, ("source_url", "content.source_host")),
        ({"source_url": f"site:{new_id()}"}, ("source_url", "content.source_url")),
        (
            {"body": body_of("好。", {"type": "imagePlaceholder", "attrs": {"origin": "别处", "alt": ""}})},
            ("content[1]", "content.picture_missing"),
        ),
        ({"body": body_of("好。", table((" ", " "), (" ", " ")))}, ("content[1]", "content.table_empty")),
        (
            {"body": body_of(linked("广告", "https://ads.example.com/"))},
            ("content[0]", "content.link_host"),
        ),
        (
            {"body": body_of("好。", linked("没有的", f"article:{new_id()}"))},
            ("content[1]", "content.link_broken"),
        ),
        ({"body": body_of(linked("没有的", f"site:{new_id()}"))}, ("content[0]", "content.link_broken")),
        ({"quiz": [{"id": "q1", "text": "问？"}]}, ("quiz[0]", "content.quiz_options")),
        ({"quiz": [question(text=" ")]}, ("quiz[0]", "content.quiz_text")),
        ({"quiz": [question(), question(right=[])]}, ("quiz[1]", "content.quiz_right")),
    ],
)
def test_each_thing_that_is_missing_is_named_where_it_is(
    app: Flask, values: dict[str, Any], point: tuple[str, str]
) -> None:
    with atomic() as session:
        assert point in open_points(session, make_desk(session), **values)


def test_a_picture_needs_a_description_and_has_to_be_there(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        desk = make_desk(session)
        silent, gone = make_asset(session, alt=" "), make_asset(session)
        assets.remove_asset(session, gone, actor=SYSTEM, now=clock.now)
        body = body_of("看。", picture(silent.id, alt=""), picture(gone.id))
        assert open_points(session, desk, body=body) == [
            ("content[1]", "content.alt_missing"),
            ("content[2]", "content.picture_gone"),
        ]
        assert open_points(session, desk, cover_asset_id=str(silent.id)) == [
            ("cover_asset_id", "content.cover_alt_missing")
        ]
        assert open_points(session, desk, cover_asset_id=str(gone.id)) == [
            ("cover_asset_id", "content.cover_gone")
        ]


@pytest.mark.parametrize("settings", [{"content_link_hosts": "example.com, gov.cn"}], indirect=True)
def test_where_texts_may_lead_is_a_setting(app: Flask) -> None:
    with atomic() as session:
        desk = make_desk(session)
        body = body_of(linked("甲", "https://www.example.com/"), linked("乙", "https://example.com.cn/"))
        assert open_points(session, desk, body=body) == [("content[1]", "content.link_host")]


def test_a_retired_topic_is_not_chosen(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        topic = make_topic(session)
        topics.retire_topic(session, topic, actor=SYSTEM, now=clock.now)
        found = open_points(session, make_desk(session), topics=[topic.id])
        assert found == [("topic_ids", "content.topic_gone")]
