"""An article's page over HTTP: what it shows, what it says when it is gone, related articles, the poster."""

import io
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image

from content import poster
from content.models import ArticleCount, ArticleKind, Revision, Standing
from content.routes import posters
from content.rules.addresses import scene_of
from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.kernel import files
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import Lifecycle
from miniprogram_api.wechat.errors import WeChatUnavailable
from tests.conftest import Clock
from tests.factories.articles import QUIZ, document, make_article, make_asset, make_topic, paragraph
from tests.factories.sites import make_site
from tests.support.clients import FakePeople
from tests.support.problems import assert_problem
from tests.support.statements import statements


def page(client: FlaskClient, article_id: object) -> dict[str, Any]:
    answer = client.get(f"/api/v1/articles/{article_id}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.get_json()
    return found


def test_a_page_shows_the_text_in_every_form(client: FlaskClient, clock: Clock) -> None:
    heading = {"type": "heading", "attrs": {"level": 2}, "content": [{"type": "text", "text": "先看温度"}]}
    body = {"type": "doc", "content": [heading, paragraph("低温不是问题。")]}
    with atomic() as session:
        topic, site = make_topic(session, name="零碳校园"), make_site(session)
        cover = make_asset(session)
        article = make_article(
            session, body=body, topics=[topic], site_ids=[site.id], technologies=["光伏"], cover=cover
        )
        session.add(ArticleCount(article_id=article.id, reads=3, likes=2, favourites=1, forgotten=0))
        revision = session.get_one(Revision, article.live_revision_id)
        revision.source_name, revision.source_url = "国家能源局", "https://www.nea.gov.cn/"
    shown = page(client, article.id)
    assert shown["text"] == "先看温度\n低温不是问题。"
    assert "<h2" in shown["html"]
    assert [block["type"] for block in shown["blocks"]] == ["text", "text"]
    assert shown["outline"] == [{"id": "part-0", "level": 2, "text": "先看温度", "block": 0}]
    assert f'id="{shown["outline"][0]["id"]}"' in shown["html"]
    assert shown["topics"] == [{"id": str(topic.id), "name": "零碳校园"}]
    assert shown["sites"] == [{"id": str(site.id), "name": site.name}]
    assert shown["technologies"] == ["光伏"]
    assert shown["counts"] == {"reads": 3, "likes": 2, "favourites": 1}
    assert shown["source"] == {"name": "国家能源局", "url": "https://www.nea.gov.cn/"}
    assert (shown["byline"], shown["kind_name"], shown["audience_name"]) == ("示范区编辑部", "知识", "所有人")
    assert (shown["published_at"], shown["changed_at"]) == ("2026-11-23T10:00:00+08:00", None)
    assert shown["share"] == {
        "title": article.title,
        "path": f"pages/article/index?id={article.id}",
        "image_url": f"/media/{cover.sizes[0]['name']}",
    }


def test_a_page_tells_when_its_text_was_changed(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        article = make_article(session, published_at=clock.now - timedelta(days=2), changed_at=clock.now)
    assert page(client, article.id)["changed_at"] == "2026-11-23T10:00:00+08:00"


def test_pictures_in_the_text_come_in_several_widths(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        asset = make_asset(session)
        image = {
            "type": "image",
            "attrs": {"assetId": str(asset.id), "alt": "雪后的光伏板", "caption": "二月的屋顶"},
        }
        article = make_article(session, body={"type": "doc", "content": [paragraph("看图。"), image]})
    shown = page(client, article.id)
    (block,) = (block for block in shown["blocks"] if block["type"] == "image")
    assert (block["src"], block["alt"]) == (f"/media/{asset.file_name}", "雪后的光伏板")
    assert asset.sizes[0]["name"] in shown["html"]
    assert 'loading="lazy"' in shown["html"]


def test_questions_are_shown_without_their_answers(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        article = make_article(session, quiz=QUIZ)
    answer = client.get(f"/api/v1/articles/{article.id}")
    one, several = answer.get_json()["quiz"]
    assert one == {
        "id": "q1",
        "text": QUIZ[0]["text"],
        "several": False,
        "options": QUIZ[0]["options"],
    }
    assert several["several"]
    assert "explanation" not in answer.text
    assert QUIZ[0]["explanation"] not in answer.text


def test_sites_without_a_page_are_not_named(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        hidden = make_site(session, lifecycle=Lifecycle.UNDER_REVIEW)
        withdrawn = make_site(session, lifecycle=Lifecycle.WITHDRAWN)
        article = make_article(session, site_ids=[hidden.id, withdrawn.id])
    assert page(client, article.id)["sites"] == []


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {"standing": Standing.RETRACTED, "retract_reason": "数据有误，更正后重新发布"},
            {"since": "2026-11-23T09:00:00+08:00", "reason": "数据有误，更正后重新发布"},
        ),
        ({"standing": Standing.EXPIRED}, {"since": "2026-11-23T09:30:00+08:00", "reason": None}),
        ({}, {"since": "2026-11-23T09:30:00+08:00", "reason": None}),
    ],
)
def test_what_is_shown_no_longer_leaves_a_page_that_says_so(
    client: FlaskClient, clock: Clock, values: dict[str, Any], told: dict[str, Any]
) -> None:
    with atomic() as session:
        article = make_article(
            session,
            expires_at=clock.now - timedelta(minutes=30),
            retracted_at=clock.now - timedelta(hours=1),
            **values,
        )
    answer = client.get(f"/api/v1/articles/{article.id}")
    is_retracted = values.get("standing") is Standing.RETRACTED
    code = "content.article_withdrawn" if is_retracted else "content.article_expired"
    body = assert_problem(answer, 410, code)
    assert body["params"] == {"title": article.title, **told}
    assert client.get(f"/api/v1/articles/{article.id}/poster.png").status_code == 410


@pytest.mark.parametrize("which", ["draft", "unknown", "nonsense"])
def test_what_was_never_shown_is_unknown(client: FlaskClient, clock: Clock, which: str) -> None:
    with atomic() as session:
        draft = make_article(session, standing=Standing.DRAFT, live_revision_id=None)
    article_id = {"draft": draft.id, "unknown": new_id(), "nonsense": "x"}[which]
    assert_problem(client.get(f"/api/v1/articles/{article_id}"), 404, "content.article_not_found")
    assert client.get(f"/api/v1/articles/{article_id}/poster.png").status_code == 404


def test_related_articles_share_a_topic_before_a_site_before_a_kind(
    client: FlaskClient, clock: Clock
) -> None:
    with atomic() as session:
        topic, site = make_topic(session), make_site(session)
        news = {"kind": ArticleKind.NEWS}
        article = make_article(session, title="本文", topics=[topic], site_ids=[site.id])
        make_article(session, title="无关", **news)
        make_article(session, title="同类")
        make_article(session, title="同点", site_ids=[site.id], **news)
        make_article(session, title="同专题", topics=[topic], **news)
        make_article(session, title="都同", topics=[topic], site_ids=[site.id])
        make_article(session, title="已撤回", topics=[topic], standing=Standing.RETRACTED)
    related = page(client, article.id)["related"]
    assert [card["title"] for card in related] == ["都同", "同专题", "同点", "同类"]


def test_a_page_is_prepared_tagged_and_follows_what_changes(
    client: FlaskClient, clock: Clock, fresh: Callable[[], None]
) -> None:
    with atomic() as session:
        article = make_article(session)
    address = f"/api/v1/articles/{article.id}"
    tag = client.get(address).headers["ETag"]
    with statements() as sent:
        again = client.get(address, headers={"If-None-Match": tag})
    assert (again.status_code, sent) == (304, [])
    with atomic() as session:
        session.add(ArticleCount(article_id=article.id, reads=1, likes=0, favourites=0, forgotten=0))
    fresh()
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_a_page_takes_the_same_statements_however_much_there_is(
    client: FlaskClient, clock: Clock, fresh: Callable[[], None]
) -> None:
    counts = []
    for number in (1, 12):
        with atomic() as session:
            topics = [make_topic(session) for _ in range(number)]
            sites = [make_site(session).id for _ in range(number)]
            images = [
                {
                    "type": "image",
                    "attrs": {"assetId": str(make_asset(session).id), "alt": "图", "caption": ""},
                }
                for _ in range(number)
            ]
            for _ in range(number):
                make_article(session, topics=topics, site_ids=sites)
            body = {"type": "doc", "content": [paragraph("正文。"), *images]}
            article = make_article(session, topics=topics, site_ids=sites, body=body)
        fresh()
        with statements() as sent:
            page(client, article.id)
        counts.append(len(sent))
    assert counts[0] == counts[1] <= 5


class TestPoster:
    def test_a_poster_bears_the_code_of_the_article_and_is_drawn_once(
        self, client: FlaskClient, app: Flask, fake_wechat: FakeWeChat, clock: Clock
    ) -> None:
        people = FakePeople(fake_wechat)
        with atomic() as session:
            article = make_article(session, cover=_cover(session))
        address = f"/api/v1/articles/{article.id}/poster.png"
        first, second = client.get(address), client.get(address)
        assert (first.status_code, first.mimetype) == (200, "image/png")
        assert first.data == second.data
        assert people.calls()["/wxa/getwxacodeunlimit"] == 1
        with Image.open(io.BytesIO(first.data)) as picture:
            assert picture.size == (750, 1120)
        assert len(scene_of(article.id)) == 32
        again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")

    def test_another_text_is_another_poster(
        self, client: FlaskClient, fake_wechat: FakeWeChat, app: Flask, clock: Clock
    ) -> None:
        with atomic() as session:
            article = make_article(session)
        address = f"/api/v1/articles/{article.id}/poster.png"
        before = client.get(address).data
        with atomic() as session:
            session.add(article)
            article.title = "换了标题"
            session.get_one(Revision, article.live_revision_id).content_hash = "1" * 64
        assert client.get(address).data != before
        kept = list((app.extensions["settings"].data_dir / "posters").iterdir())
        assert len(kept) == 1

    def test_without_wechat_a_poster_has_no_code_and_is_soon_drawn_again(
        self, client: FlaskClient, app: Flask, clock: Clock
    ) -> None:
        with atomic() as session:
            article = make_article(session)
        answer = client.get(f"/api/v1/articles/{article.id}/poster.png")
        assert answer.status_code == 200
        assert not (app.extensions["settings"].data_dir / "posters").exists()

    def test_nobody_on_the_way_keeps_a_poster_longer_than_seconds(
        self, client: FlaskClient, fake_wechat: FakeWeChat, clock: Clock
    ) -> None:
        with atomic() as session:
            article = make_article(session)
        address = f"/api/v1/articles/{article.id}/poster.png"
        for _ in range(2):  # drawn, and as it was kept
            answer = client.get(address)
            assert answer.headers["Cache-Control"] == "public, max-age=5"
            assert answer.headers["ETag"]
        with atomic() as session:
            session.add(article)
            article.standing, article.retracted_at = Standing.RETRACTED, clock.now
        again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert again.status_code == 410

    def test_once_wechat_gave_no_code_nobody_asks_for_a_minute(
        self, client: FlaskClient, fake_wechat: FakeWeChat, clock: Clock
    ) -> None:
        people = FakePeople(fake_wechat)
        code = "/wxa/getwxacodeunlimit"
        people.control("POST", "/faults", path=code, fault="errcode", errcode=41030, times=1)
        with atomic() as session:
            addresses = [f"/api/v1/articles/{make_article(session).id}/poster.png" for _ in range(3)]
        for address in addresses:
            assert client.get(address).status_code == 200
        assert people.calls()[code] == 1
        clock.advance(seconds=61)
        for address in addresses:
            assert client.get(address).status_code == 200
        assert people.calls()[code] == 4

    def test_a_slow_wechat_keeps_one_caller_waiting_and_no_more(
        self, client: FlaskClient, app: Flask, clock: Clock
    ) -> None:
        gateway = SlowGateway()
        app.extensions["wechat"] = gateway
        with atomic() as session:
            addresses = [f"/api/v1/articles/{make_article(session).id}/poster.png" for _ in range(3)]
        with ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(app.test_client().get, addresses[0])
            assert gateway.asked.wait(10)
            for address in addresses:
                assert client.get(address).status_code == 200
            assert (gateway.calls, waiting.done()) == (1, False)
            gateway.answers.set()
            assert waiting.result(10).status_code == 200

    def test_only_so_many_posters_are_drawn_at_once(
        self, client: FlaskClient, app: Flask, clock: Clock, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        drawing, go_on = threading.Semaphore(0), threading.Event()

        def draw(*_: Any, **__: Any) -> bytes:
            drawing.release()
            go_on.wait(10)
            return b"picture"

        monkeypatch.setattr(posters, "draw", draw)
        monkeypatch.setattr(posters, "_WAIT_S", 0)
        with atomic() as session:
            address = f"/api/v1/articles/{make_article(session).id}/poster.png"
        with ThreadPoolExecutor(posters._DRAWN_AT_ONCE) as pool:
            drawn = [pool.submit(app.test_client().get, address) for _ in range(posters._DRAWN_AT_ONCE)]
            for _ in drawn:
                assert drawing.acquire(timeout=10)
            refused = client.get(address)
            go_on.set()
            assert [answer.result(10).status_code for answer in drawn] == [200, 200]
        assert (refused.status_code, refused.headers["Retry-After"]) == (503, "2")
        assert client.get(address).status_code == 200

    def test_without_a_font_a_poster_bears_no_text(self) -> None:
        text = poster.PosterText("知识", "长春的冬天，光伏还发电吗" * 5, "低温其实有利。" * 30)
        bare = poster.draw(text, cover=None, code=None, font=None)
        font = poster.find_font(Path("nowhere"))
        assert bare.startswith(b"\x89PNG")
        if font is not None:
            assert poster.draw(text, cover=None, code=None, font=font) != bare


class SlowGateway:
    """WeChat takes its time, and then gives no code."""

    def __init__(self) -> None:
        self.asked, self.answers, self.calls = threading.Event(), threading.Event(), 0

    def mini_program_code(self, scene: str, page: str) -> bytes:
        self.calls += 1
        self.asked.set()
        self.answers.wait(10)
        raise WeChatUnavailable

    def close(self) -> None:
        """Nothing is open."""


def _cover(session: Any) -> Any:
    """A picture whose file is there."""
    out = io.BytesIO()
    Image.new("RGB", (800, 450), "#88aa99").save(out, "PNG")
    stored = files.current().save_image(out.getvalue())
    return make_asset(session, file_name=stored.name)


def test_a_long_text_is_read_in_minutes(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        article = make_article(session, body=document("低碳生活" * 250))
    assert page(client, article.id)["reading_minutes"] == 3
