"""Topics, word lists, figures of reading and what waits, at the desk without scripts."""

import csv
import io
import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from content.models import Favourite, Like, Read, Topic, Word, WordListVersion
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from tests.conftest import Clock
from tests.factories.content import make_topic
from tests.factories.members import make_member
from tests.factories.staff import make_staff
from tests.support.content_desk import Shelf, fill_shelf, sit_down
from tests.support.pages import PageClient, text_of, title_of

TOPICS, WORDS, READING = "/console/content/topics", "/console/content/words", "/console/content/reading"


@pytest.fixture
def shelf(app: Flask, clock: Clock) -> Shelf:
    with atomic() as session:
        return fill_shelf(session)


@pytest.fixture
def reviewer(app: Flask, shelf: Shelf) -> PageClient:
    return sit_down(app, shelf.desk.reviewers[1])


@pytest.fixture
def writer(app: Flask, shelf: Shelf) -> PageClient:
    return sit_down(app, shelf.desk.writer)


def names_in(page: Any) -> list[str]:
    return re.findall(r'<a id="topic-[^"]+" href="[^"]+">([^<]+)</a>', page.text)


def test_a_topic_is_made_changed_moved_retired_and_put_back(shelf: Shelf, reviewer: PageClient) -> None:
    made = reviewer.post(f"{TOPICS}/new", {"name": "垃圾分类", "summary": "分得清，才能再利用。"})
    assert "专题“垃圾分类”已新建，排在最后。" in text_of(reviewer.follow(made))
    with reading() as session:
        topic = session.scalars(select(Topic).where(Topic.name == "垃圾分类")).one()
    assert names_in(reviewer.get(TOPICS)) == ["零碳校园", "垃圾分类"]
    moved = reviewer.follow(reviewer.post(f"{TOPICS}/{topic.id}/move", {"to": "0"}))
    assert names_in(moved) == ["垃圾分类", "零碳校园"]
    fields = {"name": "分类与再生", "summary": "换了介绍。", "cover": str(shelf.desk.cover)}
    edited = reviewer.post(f"{TOPICS}/{topic.id}", fields)
    assert "专题“分类与再生”已保存" in text_of(reviewer.follow(edited))
    assert re.search(
        rf'<option selected value="{shelf.desk.cover}">', reviewer.get(f"{TOPICS}/{topic.id}").text
    )
    strange = reviewer.post(f"{TOPICS}/{topic.id}", fields | {"cover": str(new_id())})
    assert strange.status_code == 422
    retired = reviewer.follow(reviewer.post(f"{TOPICS}/{topic.id}/retire"))
    assert "已停用，小程序里不再显示。可以在本页恢复。" in text_of(retired)
    assert names_in(retired) == ["零碳校园"]
    assert reviewer.get(f"{TOPICS}/{topic.id}").status_code == 404
    assert "已恢复" in text_of(reviewer.follow(reviewer.post(f"{TOPICS}/{topic.id}/restore")))


def test_two_topics_have_two_names(reviewer: PageClient) -> None:
    answer = reviewer.post(f"{TOPICS}/new", {"name": "零碳校园", "summary": "又一个。"})
    assert answer.status_code == 422
    assert title_of(answer).startswith("错误：")
    assert 'value="又一个。"' in answer.text
    empty = reviewer.post(f"{TOPICS}/new", {"name": " ", "summary": ""})
    assert "请填写专题名称。" in text_of(empty)


def test_topics_tell_how_many_articles_stand_under_them(
    app: Flask, shelf: Shelf, reviewer: PageClient
) -> None:
    with atomic() as session:
        make_topic(session, "空专题")
    page = reviewer.get(TOPICS)
    rows = re.findall(r"<tr><th scope=\"row\">.*?</tr>", page.text, re.DOTALL)
    assert "state=live" in rows[0]
    assert re.search(r'<td class="num"><a[^>]+>2</a></td>', rows[0])
    assert '<td class="num">0</td><td class="num">0</td>' in rows[1]


def test_who_only_writes_sees_topics_and_words_and_changes_nothing(writer: PageClient) -> None:
    for path in (TOPICS, WORDS):
        page = writer.get(path)
        assert page.status_code == 200
        assert 'method="post" action="/console/content' not in page.text
    assert writer.post(f"{TOPICS}/new", {"name": "x", "summary": "y"}).status_code == 403
    assert writer.post(WORDS, {"list": "wrong", "word": "x"}).status_code == 403


def test_each_change_of_a_word_list_is_a_version(reviewer: PageClient) -> None:
    added = {"list": "sensitive", "word": "绝对零排放", "suggestion": "近零排放", "note": "夸大"}
    page = reviewer.follow(reviewer.post(WORDS, added))
    assert "“绝对零排放”已加入敏感词表，马上生效。" in text_of(page)
    assert "敏感词第 1 版 ：加入“绝对零排放”" in text_of(page)
    with reading() as session:
        word = session.scalars(select(Word).where(Word.word == "绝对零排放")).one()
    removed = text_of(reviewer.follow(reviewer.post(f"{WORDS}/{word.id}/remove")))
    assert "“绝对零排放”已从敏感词表删去。" in removed
    assert "敏感词第 2 版" in removed
    assert reviewer.post(f"{WORDS}/{word.id}/remove").status_code == 404
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(WordListVersion)) == 3


def test_a_word_that_is_listed_is_refused_and_kept_in_the_form(reviewer: PageClient) -> None:
    answer = reviewer.post(WORDS, {"list": "wrong", "word": "碳普会", "suggestion": "碳普惠"})
    assert answer.status_code == 422
    assert 'value="碳普惠"' in answer.text
    same = reviewer.post(WORDS, {"list": "wrong", "word": "同", "suggestion": "同"})
    assert "建议和原词相同，请改正。" in text_of(same)


def test_words_are_found_by_list_and_by_their_letters(reviewer: PageClient) -> None:
    assert "碳普会" in text_of(reviewer.get(f"{WORDS}?list=wrong&q=普"))
    assert "没有这样的词" in text_of(reviewer.get(f"{WORDS}?list=sensitive"))
    assert "没有这样的词" in text_of(reviewer.get(f"{WORDS}?q=%25"))


def test_figures_of_reading_add_up_and_are_the_same_in_the_file(shelf: Shelf, reviewer: PageClient) -> None:
    school, edited = shelf.articles["已发布的学校"], shelf.articles["已发布又在改的光伏"]
    day, now = kernel_clock.today(), kernel_clock.now()
    with atomic() as session:
        for number in range(3):
            member_id = make_member(session).id
            session.add(Read(article_id=school.id, member_id=member_id, day=day))
            session.add(Read(article_id=edited.id, member_id=member_id, day=day - timedelta(days=40)))
            session.add(Like(article_id=school.id, member_id=member_id, created_at=now))
            if number:
                session.add(Read(article_id=edited.id, member_id=member_id, day=day))
                session.add(Favourite(article_id=edited.id, member_id=member_id, created_at=now))
    page = reviewer.get(READING)
    assert "2 篇文章有人读 5 次阅读 3 个赞 2 次收藏" in text_of(page)
    rows = list(csv.reader(io.StringIO(reviewer.get(f"{READING}.csv").data.decode("utf-8-sig"))))
    assert rows[1:] == [
        ["已发布的学校", "知识", "3", "3", "0"],
        ["已发布又在改的光伏", "知识", "2", "0", "2"],
        ["合计", "", "5", "3", "2"],
    ]
    assert "8 次阅读" in text_of(reviewer.get(f"{READING}?from=2026-10-01&to=2026-11-30"))
    assert "这段时间没有人读文章" in text_of(reviewer.get(f"{READING}?kind=news"))
    wrong = reviewer.get(f"{READING}?from=2026-11-20&to=2026-11-01")
    assert wrong.status_code == 422
    assert "结束日期不能早于起始日期。" in text_of(wrong)


def test_the_start_page_tells_each_what_waits_for_them(
    app: Flask, shelf: Shelf, writer: PageClient, reviewer: PageClient
) -> None:
    assert "1 篇文章被退回，等您修改" in text_of(writer.get("/console/"))
    page = text_of(reviewer.get("/console/"))
    assert "2 篇待初审" in page
    assert "1 篇待复审" in page
    assert "1 篇审核通过，等待发布" in page
    with atomic() as session:
        other = make_staff(session, role=Role.EDITOR).id
    assert "退回" not in text_of(sit_down(app, other).get("/console/"))
