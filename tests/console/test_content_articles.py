"""The desk of articles without scripts: what the list finds, what a page says, revisions."""

import re
from collections.abc import Callable
from functools import partial
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from content.models import Article, Revision, Standing
from content.service import locks
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.clock import now
from miniprogram_api.kernel.db import atomic, reading
from tests.conftest import Clock
from tests.factories.sites import make_organisation, make_site
from tests.factories.staff import make_staff
from tests.support.content_desk import CHANGED, Shelf, at, fill_shelf, rewrite, sit_down, text
from tests.support.pages import PageClient, text_of, title_of
from tests.support.publishing import submit, write_article
from tests.support.statements import statements

_LINE = re.compile(r'<a id="article-[^"]+" href="[^"]+">([^<]+)</a>')
Sits = Callable[[UUID], PageClient]


@pytest.fixture
def shelf(app: Flask, clock: Clock) -> Shelf:
    with atomic() as session:
        return fill_shelf(session)


@pytest.fixture
def sits(app: Flask) -> Sits:
    return partial(sit_down, app)


@pytest.fixture
def writer(shelf: Shelf, sits: Sits) -> PageClient:
    return sits(shelf.desk.writer)


@pytest.fixture
def reviewer(shelf: Shelf, sits: Sits) -> PageClient:
    return sits(shelf.desk.reviewers[1])


def found(client: PageClient, query: str = "") -> set[str]:
    return set(_LINE.findall(client.get(f"/console/content/articles{query}").text))


def test_whoever_reviews_for_an_organisation_is_offered_the_next_step_at_its_sites(
    app: Flask, shelf: Shelf, sits: Sits
) -> None:
    with atomic() as session:
        operator = make_organisation(session)
        site = make_site(session, operator_id=operator.id)
        waiting = write_article(session, shelf.desk, title="示范点的文章", site_id=site.id)
        submit(session, shelf.desk, waiting)
        reviewer = make_staff(session, role=Role.REVIEWER, organisation_id=operator.id).id
        editor = make_staff(session, role=Role.EDITOR, organisation_id=operator.id).id
    act = f'<a id="act-{waiting.id}" href="{at(waiting, "/review")}">'
    assert act in sits(reviewer).get("/console/content/articles").text
    seen = sits(editor).get("/console/content/articles").text
    assert "示范点的文章" in seen
    assert act not in seen


@pytest.mark.parametrize(
    ("state", "titles"),
    [
        ("draft", {"草稿：热泵怎么选", "还缺封面"}),
        ("review", {"等初审的光伏", "等复审的热泵", "等初审的碳普惠"}),
        ("returned", {"被退回的分类"}),
        ("approved", {"等发布的电车"}),
        ("planned", {"定时的供暖"}),
        ("overdue", set()),
        ("live", {"已发布的学校", "已发布又在改的光伏"}),
        ("retracted", set()),
    ],
)
def test_each_state_of_the_filter_finds_its_articles(
    writer: PageClient, state: str, titles: set[str]
) -> None:
    assert found(writer, f"?state={state}") == titles


def test_the_list_is_narrowed_by_title_topic_kind_place_and_owner(
    shelf: Shelf, writer: PageClient, reviewer: PageClient
) -> None:
    assert found(writer, "?q=光伏") == {"等初审的光伏", "已发布又在改的光伏"}
    assert found(writer, "?q=100%25") == set()
    assert "还缺封面" not in found(writer, f"?topic={shelf.topic.id}")
    assert len(found(writer, f"?topic={shelf.topic.id}")) == 9
    assert found(writer, "?kind=news") == set()
    assert len(found(writer, "?place=city")) == 10
    assert len(found(writer, "?mine=y")) == 10
    assert found(reviewer, "?mine=y") == set()
    for nonsense in ("?state=none", "?topic=x", "?place=x", "?kind=x"):
        assert len(found(writer, nonsense)) == 10, nonsense


def test_states_are_said_in_absolute_time(writer: PageClient) -> None:
    page = text_of(writer.get("/console/content/articles"))
    assert "已定时 定于 11月25日（周三）10:00 发布，还有 2 天" in page
    assert "已发布 11月23日（周一）10:00 发布 有未发布的修改 11月23日（周一）10:00 保存" in page
    assert "待复审 11月23日（周一）10:00 起等待" in page


def test_a_plan_that_is_late_is_red_and_waits_on_the_start_page(
    shelf: Shelf, sits: Sits, clock: Clock
) -> None:
    clock.advance(days=2, minutes=5)
    publisher = sits(shelf.desk.publisher)
    page = publisher.get("/console/content/articles?state=overdue")
    assert 'class="is-overdue"' in page.text
    assert "逾期未发布 应于 11月25日（周三）10:00 发布，已过 5 分钟" in text_of(page)
    assert "没有按时发布。 应于 11月25日（周三）10:00 发布" in text_of(publisher.get(shelf.at("定时的供暖")))
    start = publisher.get("/console/")
    assert "1 篇定时文章逾期未发布" in text_of(start)
    assert "is-urgent" in start.text


def test_an_article_is_shown_as_the_public_sees_it_and_as_it_is_worked_on(
    shelf: Shelf, writer: PageClient
) -> None:
    page = text_of(writer.get(shelf.at("已发布又在改的光伏")))
    assert "市民现在看到的 已发布 11月23日（周一）10:00 发布 线上版本 第 1 版" in page
    assert "正在修改的 有未发布的修改" in page
    assert "和线上版本比较" in page
    assert CHANGED in page
    assert "送审（一审）" in page


def test_what_the_public_saw_is_not_called_what_it_sees(
    shelf: Shelf, writer: PageClient, reviewer: PageClient
) -> None:
    name = "已发布又在改的光伏"
    reviewer.post(shelf.at(name, "/retract"), {"reason": "数据有误。"})
    retracted = text_of(writer.get(shelf.at(name)))
    assert "撤回前的版本 第 1 版" in retracted
    assert "和撤回前的版本比较" in retracted
    assert "线上" not in retracted
    with atomic() as session:
        session.get_one(Article, shelf.articles["已发布的学校"].id).standing = Standing.EXPIRED
    expired = text_of(writer.get(shelf.at("已发布的学校")))
    assert "到期前的版本 第 1 版" in expired
    assert "线上版本" not in expired


def test_who_else_writes_is_told_and_ones_own_editor_is_not(
    shelf: Shelf, writer: PageClient, sits: Sits
) -> None:
    name = "草稿：热泵怎么选"
    with atomic() as session:
        article = session.get_one(Article, shelf.articles[name].id)
        locks.hold(session, article, staff_id=shelf.desk.writer, tab="a", now=now())
        other = make_staff(session, role=Role.EDITOR)
    assert "正在编辑这篇文章" not in text_of(writer.get(shelf.at(name)))
    assert "正在编辑这篇文章" in text_of(sits(other.id).get(shelf.at(name)))


def test_the_list_offers_writers_to_go_on_with_what_is_theirs(
    writer: PageClient, reviewer: PageClient
) -> None:
    drafts = writer.get("/console/content/articles?state=draft").text
    assert len(re.findall(r'id="act-[^"]+" href="[^"]+/edit">继续写', drafts)) == 2
    returned = writer.get("/console/content/articles?state=returned").text
    assert re.search(r'id="act-[^"]+" href="[^"]+/edit">去修改', returned)
    assert "继续写" not in reviewer.get("/console/content/articles?state=draft").text
    waiting = writer.get("/console/content/articles?state=review").text
    assert '/edit">' not in waiting


def test_what_is_missing_is_listed_and_nothing_can_be_submitted(shelf: Shelf, writer: PageClient) -> None:
    page = text_of(writer.get(shelf.at("还缺封面")))
    assert "送审前还要做 请选择封面图片。" in page
    assert "送审（" not in page
    answer = writer.post(shelf.at("还缺封面", "/submit"))
    assert answer.status_code == 422


def test_acts_are_offered_to_who_may_do_them(shelf: Shelf, writer: PageClient, reviewer: PageClient) -> None:
    approved = shelf.at("等发布的电车")
    assert 'id="publish"' not in writer.get(approved).text
    assert 'id="publish"' in reviewer.get(approved).text
    assert 'id="unschedule"' in reviewer.get(shelf.at("定时的供暖")).text
    assert 'id="retract"' in reviewer.get(shelf.at("已发布的学校")).text
    assert 'id="retract"' not in writer.get(shelf.at("已发布的学校")).text
    assert 'id="delete"' in writer.get(shelf.at("还缺封面")).text
    assert 'id="delete"' not in reviewer.get(shelf.at("还缺封面")).text
    assert 'id="to-review"' in reviewer.get(shelf.at("等初审的光伏")).text


def test_a_text_is_submitted_as_it_was_shown_and_withdrawn(shelf: Shelf, writer: PageClient) -> None:
    article = shelf.articles["草稿：热泵怎么选"]
    shown = re.search(r'name="content_hash" value="(\w+)"', writer.get(at(article)).text)
    assert shown is not None
    with atomic() as session:
        rewrite(session, session.get_one(Article, article.id), shelf.desk.writer, summary="另写的摘要。")
    assert writer.post(at(article, "/submit"), {"content_hash": shown.group(1)}).status_code == 409
    told = text_of(writer.follow(writer.post(at(article, "/submit"))))
    assert "已送审（一审）" in told
    assert "待初审" in told
    told = text_of(writer.follow(writer.post(at(article, "/withdraw"))))
    assert "已从审核中撤回" in told
    assert "可以送审了" in told


def test_a_draft_goes_to_the_bin_and_comes_back(
    shelf: Shelf, writer: PageClient, sits: Sits, clock: Clock
) -> None:
    draft = shelf.at("还缺封面")
    told = text_of(writer.follow(writer.post(f"{draft}/delete")))
    assert "《还缺封面》已删除，30 天内可以在回收站恢复" in told
    assert "保留到 12月23日（周三）" in told
    assert writer.get(draft).status_code == 404
    assert "已恢复" in text_of(writer.follow(writer.post(f"{draft}/put-back")))
    writer.post(f"{draft}/delete")
    clock.advance(days=31)
    writer = sits(shelf.desk.writer)
    assert "还缺封面" not in text_of(writer.get("/console/content/articles/bin"))
    assert writer.post(f"{draft}/put-back").status_code == 404


def test_what_was_shown_is_retracted_not_deleted(shelf: Shelf, writer: PageClient) -> None:
    answer = writer.post(shelf.at("已发布的学校", "/delete"))
    assert answer.status_code == 409
    assert "撤回" in text_of(answer)


def test_any_two_revisions_are_compared_and_any_is_restored(shelf: Shelf, writer: PageClient) -> None:
    article = shelf.articles["已发布又在改的光伏"]
    with reading() as session:
        found = select(Revision.id).where(Revision.article_id == article.id).order_by(Revision.number)
        first, second = session.scalars(found)
    page = writer.get(at(article, f"/compare?before={first}&after={second}"))
    assert "<del>发电并不少</del><ins>一天能发两三度电</ins>" in page.text
    assert "新增段落" in page.text
    same = writer.get(at(article, f"/compare?before={second}&after={second}"))
    assert "内容完全相同" in text_of(same)
    told = text_of(writer.follow(writer.post(at(article, f"/revisions/{first}/restore"))))
    assert "第 1 版已恢复成第 3 版，线上内容不变。" in told
    assert "恢复自第 1 版" in text_of(writer.get(at(article, "/revisions")))
    other = shelf.articles["已发布的学校"]
    assert writer.get(at(other, f"/revisions/{first}")).status_code == 404


def test_an_article_of_another_desk_is_not_found(shelf: Shelf, sits: Sits) -> None:
    with atomic() as session:
        site = make_site(session)
        theirs = write_article(session, shelf.desk, draft=text(title="示范点的"), site_id=site.id)
        editor_id = make_staff(session, role=Role.EDITOR, site_id=site.id).id
    editor = sits(editor_id)
    assert found(editor) == {"示范点的"}
    assert editor.get(at(theirs)).status_code == 200
    assert f"归属 {site.name}" in text_of(editor.get(at(theirs)))
    answer = editor.get(shelf.at("已发布的学校"))
    assert answer.status_code == 404
    assert "没有找到" in title_of(answer)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("已发布又在改的光伏", ""), ("被退回的分类", ""), ("等复审的热泵", ""), ("定时的供暖", ""),
        ("等复审的热泵", "/review"), ("已发布又在改的光伏", "/revisions"), ("已发布又在改的光伏", "/compare"),
        ("等发布的电车", "/publish"), ("等复审的热泵", "/trail"),
    ],
)  # fmt: skip
def test_no_page_of_an_article_takes_more_than_a_dozen_statements(
    shelf: Shelf, reviewer: PageClient, writer: PageClient, name: str, path: str
) -> None:
    for client in (reviewer, writer):
        with statements() as sent:
            answer = client.get(shelf.at(name, path))
        if answer.status_code == 200:
            assert len(sent) <= 12, "\n".join(sent)


def test_lists_take_as_many_statements_however_long(shelf: Shelf, reviewer: PageClient) -> None:
    for path in ("/console/content/articles", "/console/content/reviews", "/console/content/topics"):
        with statements() as sent:
            assert reviewer.get(path).status_code == 200
        assert len(sent) <= 12, "\n".join(sent)


def test_pages_of_the_list_follow_one_another(
    app: Flask, shelf: Shelf, writer: PageClient, clock: Clock
) -> None:
    for number in range(14):
        clock.advance(minutes=1)
        with atomic() as session:
            write_article(session, shelf.desk, draft=text(title=f"第{number}篇"))
    first = writer.get("/console/content/articles").text
    following = re.search(r'id="pager-next" href="([^"]+)"', first)
    assert following is not None
    second = set(_LINE.findall(writer.get(following.group(1)).text))
    assert len(second) == 4
    assert not second & set(_LINE.findall(first))
