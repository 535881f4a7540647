"""An article's way into the official account: a draft with its pictures, published only where wanted."""

from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from content.errors import OfficialNotOpen
from content.jobs.official import ask_official, send_to_official
from content.models import Article, Asset, OfficialPost, OfficialState
from content.service import official, publishing
from miniprogram_api.devtools.fake_wechat import (
    DEMO_APPID,
    DEMO_OFFICIAL_APPID,
    DEMO_SECRET,
    FakeWeChat,
)
from miniprogram_api.kernel import events, files
from miniprogram_api.kernel.audit import SYSTEM, AuditRow
from miniprogram_api.kernel.cache import MemoryCache
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.wechat.errors import Misconfigured
from miniprogram_api.wechat.official import OfficialGateway
from tests.conftest import Clock
from tests.factories.content import body_of, heading, linked, picture
from tests.factories.staff import open_session
from tests.support.clients import FakePeople
from tests.support.official_account import (
    ACCOUNT,
    ADD_DRAFT,
    PUBLISHING,
    SUBMIT,
    calls,
    fault,
    posts,
    published,
    shelf,
    stored_asset,
)
from tests.support.pages import PageClient, text_of
from tests.support.publishing import (
    Desk,
    approve,
    make_desk,
    publish,
    rewrite,
    staff_actor,
    submit,
)

pytestmark = pytest.mark.usefixtures("clock")
drafts_only = pytest.mark.parametrize("settings", [ACCOUNT], indirect=True)
publishing_too = pytest.mark.parametrize("settings", [PUBLISHING], indirect=True)


@pytest.fixture
def desk(app: Flask) -> Desk:
    with atomic() as session:
        return make_desk(session)


@pytest.fixture
def fake(fake_wechat: FakeWeChat) -> FakeWeChat:
    fake_wechat.state.settings.publish_held = True
    return fake_wechat


def pushed_to(app: Flask, fake: FakeWeChat) -> None:
    """What the fake pushed arrives, and is acted upon."""
    for entry in fake.pushed():
        answer = app.test_client().post(f"/wechat/official/push?{entry['query']}", data=entry["body"])
        assert answer.status_code == 200
    events.drain()


def finish(fake: FakeWeChat, *statuses: int) -> None:
    FakePeople(fake).control("POST", "/official/statuses", statuses=list(statuses))
    for publication in shelf(fake)["publications"]:
        FakePeople(fake).control("POST", "/official/finish", publish_id=publication["publish_id"])
    fake.pushed()


@drafts_only
def test_a_published_article_becomes_a_draft_there(desk: Desk, fake: FakeWeChat) -> None:
    inside = stored_asset(desk, width=1600)
    body = body_of(
        heading("冬天发电"),
        "低温让光伏板效率更高。",
        picture(inside, alt="雪后的<屋顶>"),
        linked("国家能源局", "https://www.nea.gov.cn/x?a=1&b=2"),
    )
    published(
        desk,
        title="长" * 50,
        summary="要点" * 60,
        byline="长春市低碳示范区宣传编辑部新媒体小组成员",
        body=body,
    )

    send_to_official()

    (draft,) = shelf(fake)["drafts"]
    (article,) = draft["articles"]
    (url,) = shelf(fake)["pictures"]
    assert article["title"] == "长" * 31 + "…"
    assert (len(article["digest"]), len(article["author"])) == (120, 16)
    assert f'<img src="{url}" alt="雪后的&lt;屋顶&gt;">' in article["content"]
    assert '<a href="https://www.nea.gov.cn/x?a=1&amp;b=2">国家能源局</a>' in article["content"]
    assert "<h2>冬天发电</h2>" in article["content"]
    assert "/media/" not in article["content"]
    assert "srcset" not in article["content"]
    assert (posts(), calls(fake)[SUBMIT]) == ([("draft", None)], 0)


@drafts_only
def test_a_picture_goes_up_once_for_good(desk: Desk, fake: FakeWeChat) -> None:
    cover, inside = stored_asset(desk), stored_asset(desk)
    for _ in range(2):
        published(desk, cover_asset_id=str(cover), body=body_of("字", picture(inside)))
        send_to_official()
    assert posts() == [("draft", None)] * 2
    assert calls(fake)["/cgi-bin/media/uploadimg"] == 1
    assert calls(fake)["/cgi-bin/material/add_material"] == 1


@drafts_only
def test_a_cover_that_the_account_lost_goes_up_anew(desk: Desk, fake: FakeWeChat, clock: Clock) -> None:
    cover = str(stored_asset(desk))
    published(desk, cover_asset_id=cover)
    send_to_official()
    fake.state.official.materials.clear()
    published(desk, cover_asset_id=cover)
    send_to_official()
    assert posts() == [("draft", None), ("pending", "cover_unknown")]
    clock.advance(minutes=2)
    send_to_official()
    assert posts() == [("draft", None)] * 2


@drafts_only
def test_each_revision_is_sent_once(app: Flask, desk: Desk, fake: FakeWeChat, clock: Clock) -> None:
    article = published(desk)
    with atomic() as session:
        post = session.scalars(select(OfficialPost)).one()
        again = official.request_post(
            session,
            article_id=article.id,
            revision_id=post.revision_id,
            publish=False,
            staff_id=desk.publisher,
            actor=SYSTEM,
            now=clock.now,
        )
    for _ in range(3):
        send_to_official()
    assert (again, calls(fake)[ADD_DRAFT]) == (False, 1)


def test_without_an_account_nothing_is_asked_for(desk: Desk) -> None:
    published(desk)
    send_to_official()
    ask_official()
    assert posts() == []


@publishing_too
def test_nought_means_queued_and_the_push_tells_the_result(app: Flask, desk: Desk, fake: FakeWeChat) -> None:
    published(desk)
    send_to_official()
    assert posts() == [("queued", None)]
    finish(fake, 0)
    pushed_to(app, fake)
    pushed_to(app, fake)  # again: it changes nothing
    assert posts() == [("published", None)]
    with reading() as session:
        assert str(session.scalars(select(OfficialPost.url)).one()).startswith("http://mp.weixin.qq.com/s")
        trail = session.scalars(
            select(AuditRow.after).where(AuditRow.action == "content.advance_official").order_by(AuditRow.id)
        )
        assert [row["official_state"] for row in trail if row] == ["draft", "queued", "published"]


@publishing_too
def test_where_no_push_comes_the_poll_tells_it(
    app: Flask, desk: Desk, fake: FakeWeChat, clock: Clock
) -> None:
    published(desk)
    send_to_official()
    clock.advance(minutes=3)
    ask_official()
    assert posts() == [("queued", None)]
    finish(fake, 4)
    clock.advance(minutes=3)
    ask_official()
    pushed_to(app, fake)  # late, and no news
    assert posts() == [("failed", "audit_refused")]


@publishing_too
def test_what_is_taken_down_there_later_is_told(app: Flask, desk: Desk, fake: FakeWeChat) -> None:
    published(desk)
    send_to_official()
    finish(fake, 0)
    pushed_to(app, fake)
    finish(fake, 5)
    pushed_to(app, fake)
    assert posts() == [("failed", "deleted_there")]


@publishing_too
def test_a_result_that_never_comes_is_for_people(desk: Desk, fake: FakeWeChat, clock: Clock) -> None:
    published(desk)
    send_to_official()
    clock.advance(days=4)
    ask_official()
    assert posts() == [("unknown", "no_result")]


@publishing_too
def test_an_account_that_may_not_publish_keeps_the_draft(desk: Desk, fake: FakeWeChat) -> None:
    FakePeople(fake).control("POST", "/accounts", appid=DEMO_OFFICIAL_APPID, certified=False)
    published(desk)
    for _ in range(2):
        send_to_official()
    assert posts() == [("draft", "no_permission")]
    assert (len(shelf(fake)["drafts"]), calls(fake)[SUBMIT]) == (1, 1)


@publishing_too
@pytest.mark.parametrize(
    ("path", "name", "drafts", "publications"),
    [
        (ADD_DRAFT, "reset_before", 0, 0),
        (ADD_DRAFT, "reset_after", 1, 0),
        (ADD_DRAFT, "html", 0, 0),
        (SUBMIT, "reset_after", 0, 1),
        (SUBMIT, "truncated", 0, 1),
    ],
)
def test_what_may_have_arrived_is_not_sent_again_by_itself(
    desk: Desk, fake: FakeWeChat, clock: Clock, path: str, name: str, drafts: int, publications: int
) -> None:
    fault(fake, path, name)
    published(desk)
    for _ in range(3):
        send_to_official()
        clock.advance(hours=1)
    assert posts() == [("unknown", "no_answer")]
    assert (len(shelf(fake)["drafts"]), len(shelf(fake)["publications"])) == (drafts, publications)
    assert calls(fake)[path] == 1


@drafts_only
def test_an_outage_is_waited_out_and_given_up_in_the_end(desk: Desk, fake: FakeWeChat, clock: Clock) -> None:
    fault(fake, "/cgi-bin/material/add_material", "502", times=1)
    published(desk)
    send_to_official()
    assert posts() == [("pending", "unavailable")]
    clock.advance(minutes=2)
    send_to_official()
    assert posts() == [("draft", None)]

    fault(fake, ADD_DRAFT, "errcode", errcode=45009, times="forever")
    published(desk)
    for _ in range(official.MAX_ATTEMPTS):
        send_to_official()
        clock.advance(days=1)
    assert posts() == [("draft", None), ("failed", "unavailable")]


@drafts_only
def test_a_dead_workers_claim_is_unknown_and_people_may_begin_anew(
    desk: Desk, fake: FakeWeChat, clock: Clock
) -> None:
    published(desk)
    with atomic() as session:
        assert official.claim(session, now=clock.now) is not None
    send_to_official()
    assert posts() == [("sending", None)]
    clock.advance(hours=1)
    send_to_official()
    assert (posts(), calls(fake)[ADD_DRAFT]) == ([("unknown", "abandoned")], 0)

    with atomic() as session:
        post = session.scalars(select(OfficialPost)).one()
        official.send_again(session, post.id, actor=staff_actor(desk.publisher), now=clock.now)
    send_to_official()
    assert posts() == [("draft", None)]
    with atomic() as session:
        post = session.scalars(select(OfficialPost)).one()
        with pytest.raises(OfficialNotOpen):
            official.send_again(session, post.id, actor=SYSTEM, now=clock.now)


@drafts_only
def test_an_article_taken_back_meanwhile_stays_away(desk: Desk, fake: FakeWeChat, clock: Clock) -> None:
    article = published(desk)
    retract(desk, article, clock)
    send_to_official()
    assert (posts(), shelf(fake)["drafts"]) == ([("failed", "not_shown")], [])


def retract(desk: Desk, article: Article, clock: Clock) -> None:
    with atomic() as session:
        found = session.get_one(Article, article.id)
        actor = staff_actor(desk.publisher)
        publishing.retract_article(session, found, reason="有误", actor=actor, now=clock.now)


def replace_text(desk: Desk, article: Article) -> None:
    """Another text is shown in its place; it is not to go to the account."""
    with atomic() as session:
        found = session.get_one(Article, article.id)
        rewrite(session, found, by=desk.writer, title="改正的数字")
        approve(session, desk, found, submit(session, desk, found))
        publish(session, desk, found)


@publishing_too
@pytest.mark.parametrize("withdrawn", [True, False])
def test_a_text_that_was_replaced_meanwhile_stays_away(
    desk: Desk, fake: FakeWeChat, clock: Clock, withdrawn: bool
) -> None:
    article = published(desk, title="错误的数字")
    if withdrawn:
        retract(desk, article, clock)
    replace_text(desk, article)
    send_to_official()
    assert (posts(), shelf(fake)["drafts"]) == ([("failed", "not_shown")], [])


@publishing_too
def test_a_draft_there_whose_text_was_replaced_is_not_published(
    desk: Desk, fake: FakeWeChat, clock: Clock
) -> None:
    article = published(desk, title="错误的数字")
    fault(fake, SUBMIT, "errcode", errcode=45009)
    send_to_official()
    assert posts() == [("draft", "unavailable")]
    replace_text(desk, article)
    clock.advance(days=1)
    send_to_official()
    assert (posts(), shelf(fake)["publications"]) == ([("failed", "not_shown")], [])


@drafts_only
def test_a_text_replaced_while_its_pictures_go_up_stays_away(
    desk: Desk, fake: FakeWeChat, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    article = published(desk, title="错误的数字")
    upload = OfficialGateway.upload_cover

    def slow(gateway: OfficialGateway, cover: Any) -> str:
        replace_text(desk, article)
        return upload(gateway, cover)

    monkeypatch.setattr(OfficialGateway, "upload_cover", slow)
    send_to_official()
    assert (posts(), shelf(fake)["drafts"]) == ([("failed", "not_shown")], [])


@drafts_only
def test_a_replaced_text_is_not_sent_again_and_the_desk_says_so(
    app: Flask, desk: Desk, fake: FakeWeChat, clock: Clock
) -> None:
    fault(fake, ADD_DRAFT, "errcode", errcode=45166)
    article = published(desk)
    send_to_official()
    replace_text(desk, article)
    with atomic() as session:
        client = PageClient(app, open_session(session, desk.publisher))
    assert client.post(f"/console/content/articles/{article.id}/official").status_code == 303
    assert posts() == [("failed", "not_shown")]
    page = text_of(client.get(f"/console/content/articles/{article.id}"))
    assert "这一版已不再展示，没有送往公众号。" in page
    assert "已撤回、到期或被新版本替换" in page


@publishing_too
def test_a_late_note_is_not_taken_for_that_of_the_present_claim(desk: Desk, clock: Clock) -> None:
    published(desk)
    with atomic() as session:
        late = official.claim(session, now=clock.now)
    assert late is not None
    clock.advance(hours=1)
    with atomic() as session:
        assert official.claim(session, now=clock.now) is None  # it is unknown now
    with atomic() as session:
        official.send_again(session, late.id, actor=SYSTEM, now=clock.now)
    with atomic() as session:
        present = official.claim(session, now=clock.now)
    assert present is not None
    with atomic() as session:
        official.settle(session, late, OfficialState.FAILED, "late", now=clock.now)
    assert posts() == [("sending", None)]
    with atomic() as session:
        official.note_draft(session, present, "media", now=clock.now)
    with atomic() as session:
        publication = official.claim(session, now=clock.now)
    assert publication is not None
    with atomic() as session:
        official.note_draft(session, late, "late", now=clock.now)
        official.note_draft(session, present, "late", now=clock.now)
    assert posts() == [("sending", None)]


@drafts_only
def test_a_text_that_the_account_refuses_fails_with_its_code(desk: Desk, fake: FakeWeChat) -> None:
    fault(fake, ADD_DRAFT, "errcode", errcode=45166)
    published(desk)
    send_to_official()
    assert posts() == [("failed", "errcode_45166")]


@drafts_only
def test_what_is_too_long_or_has_no_cover_is_not_even_sent(desk: Desk, fake: FakeWeChat) -> None:
    published(desk, body=body_of("字" * 20_000))
    article = published(desk)
    with atomic() as session:
        asset = session.get_one(Asset, session.get_one(Article, article.id).cover_asset_id)
        files.current().delete(asset.file_name)
    send_to_official()
    assert posts() == [("failed", "too_long"), ("failed", "no_cover")]
    assert calls(fake)[ADD_DRAFT] == 0


@publishing_too
def test_the_two_accounts_never_mix(app: Flask, desk: Desk, fake: FakeWeChat) -> None:
    published(desk)
    send_to_official()
    app.extensions["wechat"].mini_program_code("scene", "pages/index/index")
    tokens = FakePeople(fake).control("GET", "/tokens")["tokens"]
    by_appid = {token["appid"]: token["token"] for token in tokens}
    assert by_appid.keys() == {DEMO_APPID, DEMO_OFFICIAL_APPID}
    for call in FakePeople(fake).control("GET", "/logs")["requests"]:
        used = call["query"].get("access_token")
        official_call = call["path"].startswith(("/cgi-bin/draft", "/cgi-bin/freepublish", "/cgi-bin/m"))
        assert used in {None, by_appid[DEMO_OFFICIAL_APPID if official_call else DEMO_APPID]}


@drafts_only
def test_the_mini_programs_secret_opens_nothing_there(app: Flask, fake: FakeWeChat) -> None:
    mine = replace(app.extensions["settings"].official, appid=DEMO_APPID, secret=DEMO_SECRET)
    gateway = OfficialGateway(mine, MemoryCache())
    with pytest.raises(Misconfigured):
        gateway.get_publication("1")
    gateway.close()


@drafts_only
def test_the_desk_begins_anew_after_a_look(app: Flask, desk: Desk, fake: FakeWeChat, clock: Clock) -> None:
    fault(fake, ADD_DRAFT, "reset_before")
    article = published(desk)
    send_to_official()
    with atomic() as session:
        client = PageClient(app, open_session(session, desk.publisher))
    page = client.get(f"/console/content/articles/{article.id}")
    assert "不确定是否送达" in text_of(page)
    again = f"/console/content/articles/{article.id}/official"
    assert again in page.text
    assert "先到公众号后台" in text_of(client.get(again))
    assert client.post(again).status_code == 303
    send_to_official()
    assert posts() == [("draft", None)]
    assert again not in client.get(f"/console/content/articles/{article.id}").text
