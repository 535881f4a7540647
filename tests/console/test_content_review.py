"""Review at the desk without scripts: who may, with which words one may not, notes that are never lost."""

import csv
import html
import io
import re
import zipfile
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import inspect, select
from sqlalchemy.orm import Session

from content.models import Article, Review, Revision, Submission, SubmissionState
from content.service import drafting
from miniprogram_api.kernel.clock import now
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from tests.conftest import Clock
from tests.factories.content import body_of, question
from tests.support.content_desk import Shelf, at, fill_shelf, rewrite, sit_down, text
from tests.support.pages import PageClient, text_of, title_of
from tests.support.publishing import staff_actor, submit, write_article

FIRST, SECOND, THIRD = "等初审的光伏", "等复审的热泵", "等初审的碳普惠"
PLANNED = "定时的供暖"
Fields = dict[str, Any]


@pytest.fixture
def shelf(app: Flask, clock: Clock) -> Shelf:
    with atomic() as session:
        return fill_shelf(session)


@pytest.fixture
def people(app: Flask, shelf: Shelf) -> list[PageClient]:
    return [sit_down(app, staff_id) for staff_id in shelf.desk.reviewers]


@pytest.fixture
def reviewer(people: list[PageClient]) -> PageClient:
    return people[1]


def form_of(page: Any, **more: Any) -> Fields:
    """What the form of a text sends, with a decision."""
    names = ("content_hash", "step")
    found = {name: re.search(rf'name="{name}"[^>]*value="([^"]*)"', page.text) for name in names}
    assert all(found.values()), text_of(page)[:400]
    return {name: match.group(1) for name, match in found.items() if match} | more


def submission_of(article: Article) -> Submission:
    with reading() as session:
        newest = select(Submission).where(Submission.article_id == article.id).order_by(Submission.id.desc())
        return session.scalars(newest.limit(1)).one()


def test_the_queue_has_who_waits_longest_first_and_says_who_may(
    app: Flask, shelf: Shelf, people: list[PageClient]
) -> None:
    page = people[0].get("/console/content/reviews")
    titles = re.findall(r'<a id="review-[^"]+" href="[^"]+">([^<]+)</a>', page.text)
    assert titles == [FIRST, SECOND, THIRD]
    assert "全部 3 待初审 2 待复审 1 待终审 0" in text_of(page)
    assert "这一版您已审过一步，这一步要由别人审。" in text_of(page)
    only = text_of(people[1].get("/console/content/reviews?step=second"))
    assert SECOND in only
    assert FIRST not in only


def test_the_queue_goes_on_from_page_to_page(
    shelf: Shelf, reviewer: PageClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("miniprogram_api.console.views.content.reviews._PER_PAGE", 2)
    page, seen = reviewer.get("/console/content/reviews"), []
    for _ in range(2):
        seen.append(re.findall(r'<a id="review-[^"]+" href="[^"]+">([^<]+)</a>', page.text))
        onward = re.search(r'id="pager-next" href="([^"]+)"', page.text)
        page = reviewer.get(html.unescape(onward.group(1))) if onward else page
    assert seen == [[FIRST, SECOND], [THIRD]]


def test_a_text_behind_a_hundred_others_is_reviewed_as_the_first_one(
    app: Flask, shelf: Shelf, reviewer: PageClient
) -> None:
    own = shelf.desk.reviewers[1]
    with atomic() as session:
        make_waiting(session, shelf.articles[FIRST], owner_id=own, count=105)
        last = write_article(session, shelf.desk, title="最后送审的")
        submit(session, shelf.desk, last)
    page = reviewer.get(at(last, "/review"))
    assert title_of(page).startswith("初审：最后送审的")
    assert "待审（还有 108 篇）" in text_of(page)
    # The own texts between are passed over: after this one comes the first again, after the third this one.
    assert f'href="{shelf.at(FIRST, "/review")}"' in page.text
    third = reviewer.get(shelf.at(THIRD, "/review"))
    assert f'accesskey="n" href="{at(last, "/review")}"' in third.text
    told = reviewer.follow(reviewer.post(shelf.at(THIRD, "/review"), form_of(third, decision="approve")))
    assert title_of(told).startswith("初审：最后送审的")
    start = reviewer.get("/console/")
    assert re.search(rf'href="{shelf.at(FIRST, "/review")}"><strong>2</strong><span>篇待初审', start.text)


def make_waiting(session: Session, like: Article, *, owner_id: UUID, count: int) -> None:
    """Many articles of somebody's that wait with the text of another."""
    under_way = session.scalars(select(Submission).where(Submission.article_id == like.id)).one()
    for _ in range(count):
        article = Article(**row_of(like) | {"id": new_id(), "owner_id": owner_id})
        revision = session.get_one(Revision, under_way.revision_id)
        session.add(article)
        session.flush()
        copy = Revision(**row_of(revision) | {"id": new_id(), "article_id": article.id})
        session.add(copy)
        session.flush()
        ids = {"id": new_id(), "article_id": article.id, "revision_id": copy.id}
        session.add(Submission(**row_of(under_way) | ids))


def row_of(row: Any) -> Fields:
    return {column.key: getattr(row, column.key) for column in inspect(type(row)).column_attrs}


def test_from_the_start_page_it_is_two_clicks_to_approve(shelf: Shelf, reviewer: PageClient) -> None:
    start = reviewer.get("/console/")
    card = re.search(r'<a class="card-link[^>]*href="([^"]+)"><strong>2</strong><span>篇待初审', start.text)
    assert card is not None
    page = reviewer.get(card.group(1))
    assert title_of(page).startswith(f"初审：{FIRST}")
    answer = reviewer.post(card.group(1), form_of(page, decision="approve"))
    following = reviewer.follow(answer)
    assert f"上一篇《{FIRST}》：初审通过" in text_of(following)
    assert following.text.count("note-good") == 1  # said once, where it can be taken back
    assert submission_of(shelf.articles[FIRST]).state is SubmissionState.APPROVED


def test_after_a_decision_comes_the_next_one_and_the_last_can_be_undone(
    shelf: Shelf, reviewer: PageClient
) -> None:
    page = reviewer.get(shelf.at(FIRST, "/review"))
    answer = reviewer.post(shelf.at(FIRST, "/review"), form_of(page, decision="approve"))
    following = reviewer.follow(answer)
    assert title_of(following).startswith(f"复审：{SECOND}")
    assert f"上一篇《{FIRST}》：初审通过 撤回这个决定" in text_of(following)
    back = reviewer.follow(reviewer.post(shelf.at(FIRST, "/review/undo")))
    assert "的决定已撤回，请重新决定。" in text_of(back)
    assert submission_of(shelf.articles[FIRST]).state is SubmissionState.OPEN
    with reading() as session:
        assert session.scalars(select(Review.undone_at).order_by(Review.id.desc())).first() is not None


def test_a_text_goes_back_with_a_note_at_a_paragraph(shelf: Shelf, reviewer: PageClient) -> None:
    page = reviewer.get(shelf.at(FIRST, "/review"))
    assert 'name="block" form="review"' in page.text
    fields = form_of(page, decision="return", note="数字请注明来源。", block="1")
    assert "初审退回" in text_of(reviewer.follow(reviewer.post(shelf.at(FIRST, "/review"), fields)))
    with reading() as session:
        review = session.scalars(select(Review).order_by(Review.id.desc())).first()
        assert review is not None
        assert (review.block, review.note) == (1, "数字请注明来源。")
    article = reviewer.get(shelf.at(FIRST))
    assert "初审退回" in text_of(article)
    assert "针对：“光伏板在低温下效率更高" in text_of(article)
    assert re.search(r'class="part is-noted" id="block-1"', article.text)


def test_who_returns_a_text_that_is_planned_is_told_that_the_plan_is_off(
    shelf: Shelf, reviewer: PageClient
) -> None:
    writer = shelf.desk.writer
    with atomic() as session:
        article = session.get_one(Article, shelf.articles[PLANNED].id)
        rewrite(session, article, writer, summary="改了摘要。")
        by: dict[str, Any] = {"staff_id": writer, "actor": staff_actor(writer), "now": now()}
        drafting.restore_revision(session, article, 1, **by)
        submit(session, shelf.desk, article)
    fields = form_of(reviewer.get(at(article, "/review")), decision="return", note="先不发。")
    told = text_of(reviewer.follow(reviewer.post(at(article, "/review"), fields)))
    assert "的定时发布已取消。" in told
    assert "取消定时发布" in text_of(reviewer.get(at(article, "/trail")))


def test_returning_without_a_note_is_refused_and_keeps_the_paragraph(
    shelf: Shelf, reviewer: PageClient
) -> None:
    page = reviewer.get(shelf.at(FIRST, "/review"))
    answer = reviewer.post(shelf.at(FIRST, "/review"), form_of(page, decision="return", block="3"))
    assert answer.status_code == 422
    assert title_of(answer).startswith("错误：")
    assert "请写明退回的意见，作者会看到。" in text_of(answer)
    assert re.search(r'id="pick-3" value="3" checked', answer.text)


def test_a_form_of_somebody_else_making_is_refused(shelf: Shelf, reviewer: PageClient) -> None:
    for nonsense in ({"decision": "approve", "step": "fourth"}, {"decision": "burn", "step": "first"}, {}):
        answer = reviewer.post(shelf.at(FIRST, "/review"), {"content_hash": "x"} | nonsense)
        assert answer.status_code == 422, nonsense
        assert "请点“通过”或“退回”。" in text_of(answer)


def test_a_note_survives_whatever_goes_wrong(shelf: Shelf, reviewer: PageClient, people: list[Any]) -> None:
    page = reviewer.get(shelf.at(FIRST, "/review"))
    stale = form_of(page, decision="return", note="写了很久的意见。", block="1") | {"content_hash": "0" * 64}
    answer = reviewer.post(shelf.at(FIRST, "/review"), stale)
    assert answer.status_code == 422
    assert "写了很久的意见。" in answer.text
    assert re.search(r'id="pick-1" value="1" checked', answer.text)
    # Somebody else decided meanwhile: the text of the note is still there to be copied.
    people[2].post(shelf.at(FIRST, "/review"), form_of(page, decision="approve"))
    late = form_of(page, decision="return", note="写了很久的意见。")
    answer = reviewer.post(shelf.at(FIRST, "/review"), late)
    assert answer.status_code == 422
    assert "写了很久的意见。" in answer.text


def test_a_text_that_changed_is_not_decided_about_unseen(shelf: Shelf, reviewer: PageClient) -> None:
    page = reviewer.get(shelf.at(FIRST, "/review"))
    with atomic() as session:
        article = session.get_one(Article, shelf.articles[FIRST].id)
        rewrite(session, article, shelf.desk.writer, summary="改了摘要。")
        submit(session, shelf.desk, article)
    answer = reviewer.post(shelf.at(FIRST, "/review"), form_of(page, decision="approve"))
    assert answer.status_code == 422
    assert submission_of(shelf.articles[FIRST]).approved_steps == 0
    # The page that comes back shows the new text, and its form is about that.
    assert "改了摘要。" in answer.text
    assert form_of(answer)["content_hash"] == submission_of(shelf.articles[FIRST]).content_hash


def test_nobody_reviews_their_own_text_and_is_told_so(app: Flask, shelf: Shelf) -> None:
    own = shelf.desk.reviewers[2]
    with atomic() as session:
        article = session.get_one(Article, shelf.articles[FIRST].id)
        rewrite(session, article, own, summary="审稿人改的摘要。")
        submit(session, shelf.desk, article)
    client = sit_down(app, own)
    page = client.get(at(article, "/review"))
    assert "这篇有您写的文字，要由别人审。" in text_of(page)
    assert page.text.index("这篇有您写的文字") < page.text.index("正文（和小程序里一样）")
    assert 'id="approve"' not in page.text
    fields = {"content_hash": submission_of(article).content_hash, "step": "first", "decision": "approve"}
    answer = client.post(at(article, "/review"), fields)
    assert answer.status_code == 422
    assert submission_of(article).approved_steps == 0


def test_three_people_take_the_three_steps(shelf: Shelf, people: list[PageClient]) -> None:
    address = shelf.at(THIRD, "/review")
    for person, step in zip(people, ("初审", "复审", "终审"), strict=True):
        page = person.get(address)
        assert title_of(page).startswith(f"{step}：")
        assert person.post(address, form_of(page, decision="approve")).status_code == 303
        again = person.get(address)
        assert 'id="approve"' not in again.text
    assert submission_of(shelf.articles[THIRD]).state is SubmissionState.APPROVED


def test_what_changed_since_the_public_saw_it_stands_beside_the_text(
    shelf: Shelf, reviewer: PageClient
) -> None:
    name = "已发布又在改的光伏"
    with atomic() as session:
        submit(session, shelf.desk, session.get_one(Article, shelf.articles[name].id))
    page = reviewer.get(shelf.at(name, "/review"))
    assert "和线上版本（第 1 版）的不同" in text_of(page)
    assert "<del>发电并不少</del><ins>一天能发两三度电</ins>" in page.text


def test_listed_words_are_marked_where_they_stand_and_may_be_kept_for_a_reason(
    app: Flask, shelf: Shelf, reviewer: PageClient
) -> None:
    with atomic() as session:
        draft = text(title="积分怎么用", summary="说说碳普会。", cover_asset_id=str(shelf.desk.cover))
        article = write_article(session, shelf.desk, draft=draft)
    writer = sit_down(app, shelf.desk.writer)
    page = writer.get(at(article))
    assert "说说 碳普会 。（建议改成“碳普惠”）" in text_of(page)
    assert "可能有误" not in text_of(page)  # the word is told once
    assert "送审（" not in text_of(page)
    keep = re.search(r'id="keep-1" href="([^"]+)"', page.text)
    assert keep is not None
    address = keep.group(1).replace("&amp;", "&")
    assert writer.post(address, {"list": "wrong", "word": "碳普会", "reason": ""}).status_code == 422
    kept = writer.post(address, {"list": "wrong", "word": "碳普会", "reason": "引用原文标题"})
    assert "“碳普会”可以保留" in text_of(writer.follow(kept))
    with atomic() as session:
        submit(session, shelf.desk, session.get_one(Article, article.id))
    shown = reviewer.get(at(article, "/review"))
    assert "词表提示 1 处" in text_of(shown)
    assert "保留：引用原文标题" in text_of(shown)


def test_the_trail_tells_who_when_which_text_and_what_note_and_is_exported(
    shelf: Shelf, reviewer: PageClient
) -> None:
    name = "被退回的分类"
    page = text_of(reviewer.get(shelf.at(name, "/trail")))
    assert "李华 送审 第 1 版" in page
    assert "初审退回" in page
    assert "第二段的数字请注明来源。" in page
    exported = reviewer.get(shelf.at(name, "/trail/export.csv"))
    rows = list(csv.reader(io.StringIO(exported.data.decode("utf-8-sig"))))
    assert rows[0][:5] == ["时间（北京时间）", "谁", "做了什么", "版本", "校验码（SHA-256）"]
    assert rows[2][4] == submission_of(shelf.articles[name]).content_hash
    assert rows[2][6] == "第二段的数字请注明来源。"
    workbook = reviewer.get(shelf.at(name, "/trail/export.xlsx"))
    assert zipfile.ZipFile(io.BytesIO(workbook.data)).namelist()
    assert reviewer.get(shelf.at(name, "/trail/export.pdf")).status_code == 404


def test_the_page_of_what_is_not_under_review_says_so(shelf: Shelf, reviewer: PageClient) -> None:
    page = reviewer.get(shelf.at("已发布的学校", "/review"))
    assert page.status_code == 200
    assert "现在不等人审核" in text_of(page)


def test_the_trail_goes_on_to_what_was_published(shelf: Shelf, reviewer: PageClient) -> None:
    planned = text_of(reviewer.get(shelf.at("定时的供暖", "/trail")))
    assert "初审通过 第 1 版" in planned
    assert "定于 11月25日（周三）10:00 发布 第 1 版" in planned
    assert "发布 第 1 版" in text_of(reviewer.get(shelf.at("已发布的学校", "/trail")))
    reviewer.post(shelf.at("定时的供暖", "/unschedule"))
    assert "取消定时发布 第 1 版" in text_of(reviewer.get(shelf.at("定时的供暖", "/trail")))
    reviewer.post(shelf.at("已发布的学校", "/retract"), {"reason": "数据有误。"})
    assert "撤回文章 第 1 版" in text_of(reviewer.get(shelf.at("已发布的学校", "/trail")))


def test_everything_that_an_approval_covers_is_on_the_page(
    app: Flask, shelf: Shelf, reviewer: PageClient
) -> None:
    draft = text(
        title="样样都有的",
        byline="王编辑",
        source_name="市发改委",
        source_url="https://fgw.changchun.gov.cn/",
        technologies=["空气源热泵"],
        topic_ids=[str(shelf.topic.id)],
        cover_asset_id=str(shelf.desk.cover),
        quiz=[question("光伏板怕冷吗？")],
    )
    with atomic() as session:
        article = write_article(session, shelf.desk, draft=draft)
        submit(session, shelf.desk, article)
    page = text_of(reviewer.get(at(article, "/review")))
    for shown in (
        "署名：王编辑", "来源：市发改委", "（https://fgw.changchun.gov.cn/）", "专题 零碳校园",
        "相关技术 空气源热泵",
        "光伏板怕冷吗？ 怕 不怕 正确 解析：低温让效率更高。", "写给所有人", "一般稿件，一审",
    ):  # fmt: skip
        assert shown in page, shown


def test_what_stayed_is_folded_away_where_there_is_much_of_it(
    app: Flask, shelf: Shelf, reviewer: PageClient
) -> None:
    blocks = [f"第{number}段没有人改过的文字。" for number in range(30)]
    with atomic() as session:
        cover = str(shelf.desk.cover)
        draft = text(title="很长的", body=body_of(*blocks), cover_asset_id=cover)
        article = write_article(session, shelf.desk, draft=draft)
        rewrite(session, article, shelf.desk.writer, body=body_of(*blocks[:20], "新加的。", *blocks[20:]))
    page = text_of(reviewer.get(at(article, "/compare")))
    assert (
        "19 段没有改动 第19段没有人改过的文字。 新增段落 新加的。 第20段没有人改过的文字。 8 段没有改动"
        in page
    )


def test_an_approval_outlives_a_save_that_changes_nothing_and_no_other(
    shelf: Shelf, reviewer: PageClient
) -> None:
    article = shelf.articles[SECOND]
    with atomic() as session:
        rewrite(session, session.get_one(Article, article.id), shelf.desk.writer)
    assert title_of(reviewer.get(at(article, "/review"))).startswith("复审：")
    with atomic() as session:
        rewrite(session, session.get_one(Article, article.id), shelf.desk.writer, title="换了标题的热泵")
    assert "现在不等人审核" in text_of(reviewer.get(at(article, "/review")))
    with atomic() as session:
        submit(session, shelf.desk, session.get_one(Article, article.id))
    assert title_of(reviewer.get(at(article, "/review"))).startswith("初审：")
