"""Where listed words stand in a draft."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.models import ArticleKind, WordList
from content.rules.drafts import Draft
from content.rules.words_check import MOST_MARKS, MOST_OF_WORD, Mark, Place, find_marks, places_of
from tests.support.documents import bullets, doc, heading, image, paragraph, table, text

pytestmark = pytest.mark.once

WRONG, SENSITIVE = WordList.WRONG, WordList.SENSITIVE


@dataclass(frozen=True)
class Listed:
    word: str
    suggestion: str | None = None
    list: WordList = WRONG


def found(said: str, *listed: Listed) -> list[str]:
    return [mark.found for mark in find_marks([Place("title", None, said)], listed)]


def test_a_word_is_found_with_its_place_and_what_is_around_it() -> None:
    said = "为了方便市民，登陆小程序即可预约参观示范区，欢迎大家。"
    (mark,) = find_marks([Place("body", 3, said)], [Listed("登陆", "登录")])
    assert mark == Mark(
        list=WRONG,
        word="登陆",
        suggestion="登录",
        place="body",
        block=3,
        start=7,
        end=9,
        found="登陆",
        context="为了方便市民，登陆小程序即可预约参观示范区…",
    )
    assert said[mark.start : mark.end] == "登陆"


@pytest.mark.parametrize(
    ("said", "word", "as_written"),
    [
        ("帐号和帐号", "帐号", ["帐号", "帐号"]),
        ("ＡＰＰ下载", "app", ["ＡＰＰ"]),
        ("WeChat 好", "wechat", ["WeChat"]),
        ("帐\u200b号", "帐号", ["帐\u200b号"]),
        ("㎏", "kg", ["㎏"]),
        ("STRASSE", "straße", ["STRASSE"]),
        ("CO2 减少", "co", []),
        ("减少 CO 排放", "co", ["CO"]),
        ("微信app好", "app", ["app"]),
        ("没有", "帐号", []),
        ("", "帐号", []),
    ],
)
def test_width_and_case_and_the_invisible_make_no_difference(
    said: str, word: str, as_written: list[str]
) -> None:
    assert found(said, Listed(word)) == as_written


def test_of_overlapping_words_of_a_list_the_longest_counts() -> None:
    assert found("近零碳示范区", Listed("近零"), Listed("近零碳示范"), Listed("示范区")) == ["近零碳示范"]


def test_a_longer_wrong_word_hides_no_sensitive_one() -> None:
    marks = find_marks(
        [Place("title", None, "某某帐号")], [Listed("某某帐号"), Listed("帐号", None, SENSITIVE)]
    )
    assert [(mark.list, mark.found) for mark in marks] == [(WRONG, "某某帐号"), (SENSITIVE, "帐号")]


def test_what_is_written_as_suggested_is_not_marked() -> None:
    assert found("示范区的示范", Listed("示范", "示范区")) == ["示范"]
    assert found("碳达峰、达峰", Listed("达峰", "碳达峰")) == ["达峰"]


def test_every_place_that_is_read_is_looked_through() -> None:
    draft = Draft(
        title="帐号",
        summary="帐号",
        kind=ArticleKind.NEWS,
        byline="帐号",
        source_name="帐号",
        technologies=["热泵", "帐号"],
        body=doc(
            heading("帐号"),
            paragraph("帐", text("号", {"type": "bold"})),
            bullets("帐号"),
            table(["帐号"]),
            image("帐号", "帐号"),
        ),
        quiz=[{"id": "q", "text": "帐号", "options": [{"id": "a", "text": "帐号"}], "explanation": "帐号"}],
    )
    marks = find_marks(places_of(draft), [Listed("帐号", "账号")])
    assert [(mark.place, mark.block) for mark in marks] == [
        ("title", None), ("summary", None), ("byline", None), ("source_name", None), ("technologies", None),
        ("body", 0), ("body", 1), ("body", 2), ("body", 3), ("body", 4), ("alt", 4),
        ("quiz", 0), ("quiz", 0), ("quiz", 0),
    ]  # fmt: skip


def test_unfinished_questions_are_looked_through_as_far_as_they_go() -> None:
    quiz: list[dict[str, Any]] = [{"id": "q"}, {"id": "r", "options": [{"id": "a"}], "text": "帐号"}]
    draft = Draft(title="", kind=ArticleKind.NEWS, body=doc(), quiz=quiz)
    assert [mark.block for mark in find_marks(places_of(draft), [Listed("帐号")])] == [1]


@given(st.text("帐号示范ＡaA\u200b ß", max_size=30), st.lists(st.text("帐号示范aß", max_size=4), max_size=5))
def test_marks_lie_in_the_text_and_do_not_overlap(said: str, listed: list[str]) -> None:
    marks = find_marks([Place("title", None, said)], map(Listed, listed))
    end = 0
    for mark in marks:
        assert end <= mark.start < mark.end <= len(said)
        assert mark.found == said[mark.start : mark.end]
        end = mark.end


def test_a_text_of_nothing_but_listed_words_ends() -> None:
    assert len(found("帐号" * 20_000, Listed("帐号"))) == MOST_OF_WORD
    assert found("帐号", Listed(""), Listed("\u200b")) == []


def test_however_often_words_are_used_they_hide_no_other() -> None:
    often = [f"词{letter}" for letter in "甲乙丙丁戊己"]
    said = "，".join([*(word for word in often for _ in range(MOST_OF_WORD)), "禁词", "禁词"])
    marks = find_marks([Place("body", 0, said)], [*map(Listed, often), Listed("禁词")])
    assert [mark.found for mark in marks[MOST_MARKS:]] == ["词己", "禁词"]
