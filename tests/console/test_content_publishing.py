"""Publishing at the desk without scripts: what is chosen, what the button says it does, and what it did."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from content.jobs.publishing import publish_due
from content.models import Article, Plan, Standing, TopicFollow
from miniprogram_api.console.views.content import publishing as views
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.clock import now
from miniprogram_api.kernel.db import atomic, reading
from tests.conftest import Clock
from tests.factories.members import make_member
from tests.factories.sites import make_site
from tests.factories.staff import make_staff
from tests.support.content_desk import CHANGED, Shelf, fill_shelf, rewrite, sit_down
from tests.support.pages import PageClient, carried, text_of, title_of
from tests.support.publishing import approve, submit

READY, PLANNED, LIVE = "等发布的电车", "定时的供暖", "已发布的学校"
LATER = {"when": "later", "on": "2026-11-25", "at": "08:00"}


@pytest.fixture
def shelf(app: Flask, clock: Clock) -> Shelf:
    with atomic() as session:
        return fill_shelf(session)


@pytest.fixture
def publisher(app: Flask, shelf: Shelf) -> PageClient:
    return sit_down(app, shelf.desk.publisher)


def fields_of(page: Any, **more: Any) -> dict[str, Any]:
    found = re.search(r'name="content_hash"[^>]*value="(\w+)"', page.text)
    assert found is not None
    return {"content_hash": found.group(1)} | more


def state_of(article: Article) -> Article:
    with reading() as session:
        return session.get_one(Article, article.id)


def read_by(client: FlaskClient, article: Article) -> int:
    return client.get(f"/api/v1/articles/{article.id}").status_code


def test_the_button_names_the_instant_and_it_is_looked_at_before(
    shelf: Shelf, publisher: PageClient, client: FlaskClient
) -> None:
    address = shelf.at(READY, "/publish")
    check = publisher.post(address, fields_of(publisher.get(address), **LATER))
    assert '<button type="submit" class="btn btn-primary" id="submit"' in check.text
    assert "定于 11月25日（周三）08:00 发布</button>" in check.text
    assert "（北京时间，还有 1 天）发布。到点前可以取消。" in text_of(check)
    assert state_of(shelf.articles[READY]).standing is Standing.DRAFT
    done = publisher.follow(publisher.post(address, carried(check, "apply")))
    assert "定于 11月25日（周三）08:00 发布（还有 1 天）。" in text_of(done)
    with reading() as session:
        plan = session.get_one(Plan, shelf.articles[READY].id)
        assert plan.publish_at.isoformat() == "2026-11-25T00:00:00+00:00"
    assert read_by(client, shelf.articles[READY]) == 404


def test_going_back_from_the_look_keeps_everything(shelf: Shelf, publisher: PageClient) -> None:
    address = shelf.at(READY, "/publish")
    chosen = LATER | {"pinned": "y", "pinned_on": "2026-12-01", "push": "y"}
    check = publisher.post(address, fields_of(publisher.get(address), **chosen))
    form = publisher.post(address, carried(check, "fill"))
    assert re.search(r'value="later" checked', form.text)
    assert 'value="2026-12-01"' in form.text
    assert re.search(r'name="push" id="push" value="y" checked', form.text)


def test_at_once_is_at_once(shelf: Shelf, publisher: PageClient, client: FlaskClient) -> None:
    address = shelf.at(READY, "/publish")
    check = publisher.post(address, fields_of(publisher.get(address), when="now"))
    assert "立即发布</button>" in check.text
    told = text_of(publisher.follow(publisher.post(address, carried(check, "apply"))))
    assert "已发布，小程序里马上能看到。" in told
    assert read_by(client, shelf.articles[READY]) == 200


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({"when": ""}, "请选择立即发布还是定时发布。"),
        (LATER | {"at": ""}, "请填写发布时间，例如 08:00。"),
        (LATER | {"on": ""}, "请填写发布日期。"),
        (LATER | {"on": "2026-11-22"}, "这个时间已经过去，请改晚一些，或者选择立即发布。"),
        (LATER | {"on": "2028-11-22"}, "一年"),
        ({"when": "now", "expires": "y"}, "请填写显示到哪一天。"),
        (LATER | {"pinned": "y", "pinned_on": "2026-11-24"}, "置顶的最后一天不能早于发布那天。"),
    ],
)
def test_what_cannot_be_is_said_at_its_field(
    shelf: Shelf, publisher: PageClient, chosen: dict[str, str], told: str
) -> None:
    address = shelf.at(READY, "/publish")
    answer = publisher.post(address, fields_of(publisher.get(address), **chosen))
    if "2028" in chosen.get("on", ""):
        answer = publisher.post(address, carried(answer, "apply"))
    assert answer.status_code == 422
    assert title_of(answer).startswith("错误：")
    assert told in text_of(answer)


def test_only_the_text_that_was_looked_at_is_published(shelf: Shelf, publisher: PageClient) -> None:
    address = shelf.at(READY, "/publish")
    fields = fields_of(publisher.get(address), when="now") | {"content_hash": "0" * 64}
    assert publisher.post(address, fields).status_code == 422
    assert state_of(shelf.articles[READY]).standing is Standing.DRAFT


@pytest.mark.parametrize("chosen", [{"when": "now"}, LATER])
def test_a_text_that_takes_the_place_of_the_one_looked_at_in_the_last_moment_is_not_published(
    shelf: Shelf, publisher: PageClient, monkeypatch: pytest.MonkeyPatch, chosen: dict[str, str]
) -> None:
    address, lock = shelf.at(READY, "/publish"), views.lock_managed_article

    def lock_late(session: Session, *of: Any) -> Article:
        article = lock(session, *of)
        rewrite(session, article, shelf.desk.writer, summary="刚刚换上的摘要。")
        approve(session, shelf.desk, article, submit(session, shelf.desk, article))
        return article

    looked = publisher.post(address, fields_of(publisher.get(address), **chosen))
    monkeypatch.setattr(views, "lock_managed_article", lock_late)
    answer = publisher.post(address, carried(looked, "apply"))
    assert answer.status_code == 422
    assert state_of(shelf.articles[READY]).standing is Standing.DRAFT
    with reading() as session:
        assert session.get(Plan, shelf.articles[READY].id) is None


def test_what_review_has_not_passed_is_not_published(shelf: Shelf, publisher: PageClient) -> None:
    answer = publisher.get(shelf.at("等初审的光伏", "/publish"))
    assert answer.status_code == 409
    assert "审核" in text_of(answer)


def test_a_plan_is_changed_and_taken_back(shelf: Shelf, publisher: PageClient) -> None:
    page = publisher.get(shelf.at(PLANNED))
    assert "改发布时间" in text_of(page)
    form = publisher.get(shelf.at(PLANNED, "/publish"))
    assert 'value="2026-11-25"' in form.text
    assert 'value="10:00"' in form.text
    told = text_of(publisher.follow(publisher.post(shelf.at(PLANNED, "/unschedule"))))
    assert "定时发布已取消。审核结果还在" in told
    assert "审核通过，待发布" in told
    assert publisher.post(shelf.at(PLANNED, "/unschedule")).status_code == 409


def test_on_its_time_it_appears(
    shelf: Shelf, publisher: PageClient, client: FlaskClient, clock: Clock
) -> None:
    clock.advance(days=2)
    publish_due()
    assert read_by(client, shelf.articles[PLANNED]) == 200
    assert state_of(shelf.articles[PLANNED]).standing is Standing.LIVE


def test_retracting_names_what_goes_and_takes_it_away_at_once(
    shelf: Shelf, publisher: PageClient, client: FlaskClient
) -> None:
    article = shelf.articles[LIVE]
    assert read_by(client, article) == 200
    address = shelf.at(LIVE, "/retract")
    page = publisher.get(address)
    assert f"撤回《{LIVE}》" in title_of(page)
    assert "会马上从列表、搜索、专题和示范点页面里消失" in text_of(page)
    assert publisher.post(address, {"reason": ""}).status_code == 422
    told = text_of(publisher.follow(publisher.post(address, {"reason": "数据有误，正在更正。"})))
    assert "已撤回，小程序里已经看不到。" in told
    assert "已撤回 11月23日（周一）10:00 撤回" in told
    assert "数据有误，正在更正。" in told
    assert read_by(client, article) == 410
    assert LIVE not in client.get("/api/v1/articles").text


def test_an_edit_stays_behind_until_it_is_published(
    app: Flask, shelf: Shelf, publisher: PageClient, client: FlaskClient
) -> None:
    name = "已发布又在改的光伏"
    article = shelf.articles[name]
    assert CHANGED not in client.get(f"/api/v1/articles/{article.id}").text
    with atomic() as session:
        found = session.get_one(Article, article.id)
        approve(session, shelf.desk, found, submit(session, shelf.desk, found))
    assert CHANGED not in client.get(f"/api/v1/articles/{article.id}").text
    address = shelf.at(name, "/publish")
    form = publisher.get(address)
    assert "线上现在的版本会被它替换，发布日期和排序不变。" in text_of(form)
    check = publisher.post(address, fields_of(form, when="now"))
    assert "立即替换线上版本</button>" in check.text
    publisher.post(address, carried(check, "apply"))
    assert CHANGED in client.get(f"/api/v1/articles/{article.id}").text


def test_pin_and_expiry_are_changed_without_review(shelf: Shelf, publisher: PageClient) -> None:
    address = shelf.at(LIVE, "/placing")
    refused = publisher.post(address, {"pinned": "y", "pinned_on": "2026-11-22"})
    assert refused.status_code == 422
    assert "置顶的最后一天不能早于今天。" in text_of(refused)
    fields = {"pinned": "y", "pinned_on": "2026-11-30", "expires": "y", "expires_on": "2026-12-31"}
    told = text_of(publisher.follow(publisher.post(address, fields)))
    assert "已保存：置顶到 11月30日（周一），显示到 12月31日（周四）。" in told
    assert "置顶 置顶到 11月30日（周一）" in told
    assert state_of(shelf.articles[LIVE]).pinned
    publisher.post(address, {"expires": "y", "expires_on": "2026-12-31"})
    assert not state_of(shelf.articles[LIVE]).pinned


def test_a_pin_is_offered_to_who_publishes_for_the_city_only(app: Flask, shelf: Shelf) -> None:
    with atomic() as session:
        site = make_site(session)
        session.get_one(Article, shelf.articles[LIVE].id).site_id = site.id
        session.get_one(Article, shelf.articles[READY].id).site_id = site.id
        publisher = make_staff(session, role=Role.REVIEWER, site_id=site.id).id
    client = sit_down(app, publisher)
    for path in (shelf.at(LIVE, "/placing"), shelf.at(READY, "/publish")):
        page = client.get(path)
        assert page.status_code == 200
        assert "pinned" not in page.text
    fields = {"pinned": "y", "pinned_on": "2026-11-30", "expires": "y", "expires_on": "2026-12-31"}
    told = text_of(client.follow(client.post(shelf.at(LIVE, "/placing"), fields)))
    assert "已保存：显示到 12月31日（周四）。" in told
    assert not state_of(shelf.articles[LIVE]).pinned
    address = shelf.at(READY, "/publish")
    check = client.post(address, fields_of(client.get(address), when="now", **fields))
    client.post(address, carried(check, "apply"))
    assert state_of(shelf.articles[READY]).standing is Standing.LIVE
    assert not state_of(shelf.articles[READY]).pinned


def test_who_would_be_told_is_counted_before(shelf: Shelf, publisher: PageClient) -> None:
    address = shelf.at(READY, "/publish")
    assert "还没有市民关注它的专题，不会通知任何人" in text_of(publisher.get(address))
    with atomic() as session:
        for _ in range(3):
            follow = TopicFollow(topic_id=shelf.topic.id, member_id=make_member(session).id, created_at=now())
            session.add(follow)
    page = publisher.get(address)
    assert "3 人会收到小程序消息，其中 0 人同时收到微信订阅消息" in text_of(page)
    check = publisher.post(address, fields_of(page, when="now", push="y"))
    assert "通知 3 人会收到小程序消息" in text_of(check)
    unticked = publisher.post(address, fields_of(page, when="now"))
    assert "通知 不通知" in text_of(unticked)
