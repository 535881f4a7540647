"""What changed between two drafts, as a reviewer reads it."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.models import ArticleKind, ContentClass
from content.rules.aligning import Effort, equal_letters, equal_runs
from content.rules.diffing import BlockChange, Comparison, compare
from content.rules.drafts import Draft
from content.rules.text_diff import Part, compare_texts
from tests.support.documents import (
    ASSET,
    OTHER_ASSET,
    Made,
    bullets,
    callout,
    doc,
    documents,
    heading,
    image,
    link,
    paragraph,
    placeholder,
    table,
    text,
    words,
)

pytestmark = pytest.mark.once


def draft(*blocks: Made, **changes: Any) -> Draft:
    values: dict[str, Any] = {"title": "热泵从哪里取热", "kind": ArticleKind.KNOWLEDGE, "body": doc(*blocks)}
    return Draft(**(values | changes))


def written(parts: tuple[Part, ...]) -> str:
    """As it is shown: [-gone-], {+come+}."""
    marks = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return "".join(marks[part.kind].format(part.text) for part in parts)


def told(before: str, after: str) -> str:
    return written(compare_texts(before, after, Effort()))


def side(parts: tuple[Part, ...], kind: str) -> str:
    return "".join(part.text for part in parts if part.kind in ("same", kind))


def lines(comparison: Comparison) -> list[tuple[str, int | None, int | None, str]]:
    return [(block.kind, block.before, block.after, written(block.parts)) for block in comparison.blocks]


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("热泵是搬热。", "热泵是搬热。", "热泵是搬热。"),
        ("热泵是搬热。", "热泵是“搬热”。", "热泵是{+“+}搬热{+”+}。"),
        ("长春冬天冷。要保温。", "长春冬天很冷。要保温。", "长春冬天{+很+}冷。要保温。"),
        ("第一句。第二句。", "第二句。", "[-第一句。-]第二句。"),
        ("第一句。", "第一句。新的一句！", "第一句。{+新的一句！+}"),
        ("减排30%。", "减排35%。", "减排3[-0-]{+5+}%。"),
        ("请随手关灯。", "欢迎参观园区！", "[-请随手关灯。-]{+欢迎参观园区！+}"),
        ("他说：“好。”然后走了。", "他说：“很好。”然后走了。", "他说：“{+很+}好。”然后走了。"),
        ("", "新。", "{+新。+}"),
        ("旧。", "", "[-旧。-]"),
        ("", "", ""),
    ],
)
def test_sentences_stay_and_letters_inside_them_change(before: str, after: str, shown: str) -> None:
    assert told(before, after) == shown


@given(words, words)
def test_the_parts_make_both_texts(before: str, after: str) -> None:
    parts = compare_texts(before, after, Effort())
    assert side(parts, "removed") == before
    assert side(parts, "added") == after
    assert all(part.text for part in parts)


@given(st.lists(words, max_size=6), st.randoms(use_true_random=False))
def test_a_sentence_that_stayed_is_shown_as_it_was(sentences: list[str], chance: random.Random) -> None:
    whole = "".join(f"{sentence}。" for sentence in sentences)
    assert all(part.kind == "same" for part in compare_texts(whole, whole, Effort()))


@given(st.text("abc", max_size=30), st.text("abc", max_size=30))
def test_what_is_aligned_is_the_same_and_in_order(before: str, after: str) -> None:
    for runs in (equal_runs(before, after, Effort()), equal_letters(before, after, Effort())):
        at_before = at_after = 0
        for start, other, size in runs:
            assert size
            assert start >= at_before
            assert other >= at_after
            assert before[start : start + size] == after[other : other + size]
            at_before, at_after = start + size, other + size


def test_two_drafts_that_say_the_same_are_the_same() -> None:
    same = draft(heading("一"), paragraph("二。"), image(), table(["三"]))
    comparison = compare(same, same)
    assert comparison.is_same
    assert [block.kind for block in comparison.blocks] == ["same"] * 4


def test_what_came_went_moved_and_changed() -> None:
    before = draft(
        heading("什么是热泵"),
        paragraph("热泵是搬热而不是生热。"),
        paragraph("这一段会移到后面去。"),
        paragraph("中间的一段没有动。"),
        paragraph("请随手关灯。"),
    )
    after = draft(
        heading("什么是热泵"),
        paragraph("热泵是“搬热”而不是生热。"),
        paragraph("中间的一段没有动。"),
        paragraph("这一段会移到后面去。"),
        paragraph("欢迎预约参观示范区！"),
    )
    assert lines(compare(before, after)) == [
        ("same", 0, 0, "什么是热泵"),
        ("changed", 1, 1, "热泵是{+“+}搬热{+”+}而不是生热。"),
        ("same", 3, 2, "中间的一段没有动。"),
        ("moved", 2, 3, "这一段会移到后面去。"),
        ("added", None, 4, "{+欢迎预约参观示范区！+}"),
        ("removed", 4, None, "[-请随手关灯。-]"),
    ]
    moved = next(block for block in compare(before, after).blocks if block.kind == "moved")
    assert moved.notes == ("原在第 3 段",)


def test_a_block_put_in_between_changes_nothing_around_it() -> None:
    paragraphs = [paragraph(f"第 {number} 段的文字。") for number in range(8)]
    after = [*paragraphs[:3], paragraph("新来的。"), *paragraphs[3:]]
    comparison = compare(draft(*paragraphs), draft(*after))
    assert [block.kind for block in comparison.blocks] == ["same"] * 3 + ["added"] + ["same"] * 5
    assert (comparison.count("same"), comparison.count("added"), comparison.count("changed")) == (8, 1, 0)


def only(before: Made, after: Made) -> BlockChange:
    (block,) = compare(draft(before), draft(after)).blocks
    return block


def test_pictures_and_tables_are_told_in_words() -> None:
    picture = only(image("屋顶", "长春"), image("屋顶光伏", "长春"))
    assert (picture.label, written(picture.parts)) == ("图片：屋顶光伏", "图片：屋顶{+光伏+}；图说：长春")
    assert only(image(), image(asset_id=OTHER_ASSET)).notes == ("换了图片",)
    assert only(image(""), image("屋顶")).label == "图片：屋顶"
    assert only(placeholder("https://a.example/1"), image()).notes == ("换了图片",)
    grown = only(
        table(["来源", "好处"], ["空气", "方便"]), table(["来源", "好处"], ["空气", "便宜"], ["土壤", "稳定"])
    )
    assert grown.label == "表格 3 行 2 列"
    assert written(grown.parts).startswith("表格 [-2-]{+3+} 行 2 列\n来源\t好处\n空气\t")


def test_what_the_words_do_not_show_is_told() -> None:
    plain = paragraph("热泵是搬热。")
    bold = paragraph(text("热泵", {"type": "bold"}), "是搬热。")
    linked = paragraph(text("热泵", link("https://www.gov.cn")), "是搬热。")
    assert only(plain, bold).notes == ("只改了文字格式",)
    assert only(plain, linked).notes == ("新增链接“热泵”：https://www.gov.cn",)
    assert only(linked, plain).notes == ("去掉链接“热泵”：https://www.gov.cn",)
    assert only(heading("热泵"), heading("热泵", 3)).notes == ("由标题改为小标题",)
    assert only(callout("小心"), callout("小心", "warning")).notes == ("由提示框改为注意框",)
    assert only(paragraph("小心"), callout("小心")).notes == ("由段落改为提示框",)
    assert only(bullets("一", "二"), bullets("一", "三")).notes == ()


def test_fields_are_told_by_their_names_and_in_the_words_given() -> None:
    before = draft(topic_ids=["t1"], quiz=[])
    after = draft(
        title="热泵从哪里来热",
        topic_ids=["t1", "t2"],
        content_class=ContentClass.SENSITIVE,
        cover_asset_id=ASSET,
        quiz=[
            {
                "id": "q",
                "text": "COP 是 2？",
                "options": [{"id": "a", "text": "对"}, {"id": "b", "text": "错"}],
                "right": ["a"],
                "explanation": "搬来的。",
            }
        ],
    )
    names = {"t1": "能源", "t2": "校园", "normal": "一般", "sensitive": "敏感", ASSET: "雪地"}
    told_fields = {change.name: written(change.parts) for change in compare(before, after, names).fields}
    assert told_fields == {
        "标题": "热泵从哪里[-取-]{+来+}热",
        "专题": "能源{+、校园+}",
        "审核级别": "[-一般-]{+敏感+}",
        "封面": "{+雪地+}",
        "知识问答": "{+1. COP 是 2？\nA. 对（正确）\nB. 错\n解析：搬来的。+}",
    }


@given(documents, documents)
def test_any_two_documents_can_be_compared(before: Made, after: Made) -> None:
    comparison = compare(draft(body=before), draft(body=after))
    old = [block.before for block in comparison.blocks if block.before is not None]
    new = [block.after for block in comparison.blocks if block.after is not None]
    assert new == sorted(set(new))
    assert len(old) == len(set(old))
    for block in comparison.blocks:
        kinds = {part.kind for part in block.parts}
        if block.kind in ("same", "moved"):
            assert kinds <= {"same"}
        elif block.kind in ("added", "removed"):
            assert kinds <= {block.kind}
    assert compare(draft(body=after), draft(body=after)).is_same


CHANCE = random.Random(5)
TWO_LETTERS = ["".join(CHANCE.choices("甲乙", k=20_000)) for _ in range(2)]
TWO_SENTENCES = ["".join(CHANCE.choices(["甲。", "乙。"], k=10_000)) for _ in range(2)]
PUNISHING: dict[str, tuple[list[str], list[str]]] = {
    "two letters by chance": (TWO_LETTERS[:1], TWO_LETTERS[1:]),
    "two sentences by chance": (TWO_SENTENCES[:1], TWO_SENTENCES[1:]),
    "two blocks in turn": (["甲", "乙"] * 1_000, ["乙", "甲"] * 999),
    "backwards": ([f"{n}" * 9 for n in range(2_000)], [f"{n}" * 9 for n in range(1_999, 0, -1)]),
    "one letter again and again": (["啊" * 20_000], ["哦" + "啊" * 19_000 + "哦"]),
}


@pytest.mark.parametrize("name", PUNISHING)
def test_texts_made_to_be_slow_are_bounded(name: str) -> None:
    """Without bounds these take minutes, each."""
    before, after = PUNISHING[name]
    comparison = compare(draft(*map(paragraph, before)), draft(*map(paragraph, after)))
    assert "".join(side(block.parts, "removed") for block in comparison.blocks if block.before is not None)
    assert {block.after for block in comparison.blocks} - {None} == set(range(len(after)))
