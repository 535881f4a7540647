"""Markdown in, a document out: always one of the schema, with nothing foreign in it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from content.rendering import DocumentRefused, from_markdown, normalised, to_text, validate
from content.rendering.markdown import MOST_LINES, MOST_MARKDOWN
from tests.support.documents import (
    ARTICLE,
    Made,
    bullets,
    callout,
    doc,
    heading,
    link,
    paragraph,
    placeholder,
)
from tests.support.documents import table as made_table
from tests.support.documents import text as made_text

pytestmark = pytest.mark.once

PIECES = st.sampled_from(
    [
        *(
            "# ",
            "## ",
            "### ",
            "#### ",
            "- ",
            "1. ",
            "7) ",
            "> ",
            "> [!TIP]\n> ",
            "**",
            "*",
            "`",
            "```\n",
            "\n",
            "\n\n",
        ),
        *(
            "    ",
            "\t",
            "  \n",
            "\\\n",
            "|",
            "| a | b |\n|---|---|\n| 1 | 2 |\n",
            "***\n",
            "---\n",
            "!",
            "[x]",
        ),
        *(
            "![图](https://a.example/x.png)",
            "[文](https://www.gov.cn)",
            "[坏](javascript:alert(1))",
            "<https://a.cn>",
        ),
        *(
            f"[内](article:{ARTICLE})",
            "[x]: https://a.example\n",
            "<b>",
            "<script>x</script>",
            "&lt;",
            "&#0;",
        ),
        *("\x00", "\ud800", "低碳", "示范区。", "a b"),
    ]
)


@given(st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=30).map("".join))
def test_any_text_is_a_document_or_refused(written: str) -> None:
    try:
        document, foreign = from_markdown(written)
    except DocumentRefused:
        return
    validate(document)
    assert normalised(document) == document
    assert len(foreign) == sum(block["type"] == "imagePlaceholder" for block in document["content"])


def blocks(written: str) -> list[Made]:
    content: list[Made] = from_markdown(written).document["content"]
    return content


def one(*made: Any) -> list[Made]:
    content: list[Made] = normalised(doc(*made))["content"]
    return content


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            "# 一\n## 二\n### 三\n###### 六",
            one(heading("一"), heading("二"), heading("三", 3), heading("六", 3)),
        ),
        (
            "**粗**和*斜*",
            one(paragraph(made_text("粗", {"type": "bold"}), "和", made_text("斜", {"type": "italic"}))),
        ),
        ("中文\n换行", one(paragraph("中文换行"))),
        ("plain\ntext", one(paragraph("plain text"))),
        ("**粗**\n续行", one(paragraph(made_text("粗", {"type": "bold"}), "续行"))),
        ("一  \n二\\\n三", one(paragraph("一", {"type": "hardBreak"}, "二", {"type": "hardBreak"}, "三"))),
        ("- 一\n- 二", one(bullets("一", "二"))),
        (
            "3. 一\n4. 二",
            one({"type": "orderedList", "attrs": {"start": 3}, "content": bullets("一", "二")["content"]}),
        ),
        ("> 引", one({"type": "blockquote", "content": [paragraph("引")]})),
        ("> [!TIP]\n> 小心", one(callout("小心"))),
        ("> [!warning] 小心", one(callout("小心", "warning"))),
        ("> [!NOTE]", one({"type": "callout", "attrs": {"tone": "info"}, "content": [paragraph()]})),
        ("| 来源 | 好处 |\n|:-|-:|\n| 空气 | 方便 |", one(made_table(["来源", "好处"], ["空气", "方便"]))),
        ("`x = 1`", one(paragraph("x = 1"))),
        ("```py\na\nb\n```", one(paragraph("a", {"type": "hardBreak"}, "b"))),
        ("一\n\n---\n\n二", one(paragraph("一"), paragraph("二"))),
        ("<b>粗</b>", one(paragraph("<b>粗</b>"))),
        ("<script>\nx\n</script>", one(paragraph("<script> x </script>"))),
        ("[国务院](https://www.gov.cn)", one(paragraph(made_text("国务院", link("https://www.gov.cn"))))),
        (f"[内](site:{ARTICLE})", one(paragraph(made_text("内", link(f"site:{ARTICLE}"))))),
        ("[旧](http://a.cn)", one(paragraph("旧"))),
        ("[坏](javascript:x)", one(paragraph("[坏](javascript:x)"))),
        ("前![图](https://a.cn/x.png)后", one(paragraph("前后"), placeholder("https://a.cn/x.png"))),
        ("- 一 ![](u)\n- 二", one(bullets("一 ", "二"), placeholder("u"))),
        ("> # 题\n> > 里", one({"type": "blockquote", "content": [paragraph("题"), paragraph("里")]})),
        ("", []),
    ],
)
def test_what_each_piece_becomes(written: str, expected: list[Made]) -> None:
    found = blocks(written)
    for block in found:
        if block["type"] == "imagePlaceholder":
            block["attrs"]["alt"] = ""
    assert found == expected


def test_pictures_are_told_and_left_as_places() -> None:
    document, foreign = from_markdown("![甲](https://a.example/1.png)\n\n![乙](./2.png)")
    assert foreign == ["https://a.example/1.png", "./2.png"]
    assert [block["attrs"]["alt"] for block in document["content"]] == ["甲", "乙"]


def test_a_table_where_none_may_stand_is_its_words() -> None:
    document = from_markdown("- 一\n\n  | a | b |\n  |-|-|\n  | 1 | 2 |").document
    assert to_text(document) == "一\na b\n1 2"


def test_what_is_too_long_or_too_deep_is_refused() -> None:
    with pytest.raises(DocumentRefused):
        from_markdown("一" * (MOST_MARKDOWN + 1))
    with pytest.raises(DocumentRefused) as lines:
        from_markdown("一\n\n" * MOST_LINES)
    assert [fault.code for fault in lines.value.fields] == ["content.document_lines"]
    with pytest.raises(DocumentRefused):
        from_markdown("".join(f"{'  ' * depth}- {depth}\n" for depth in range(9)))
    from_markdown("> " * 5_000 + "一"), from_markdown("*" * 50_000), from_markdown("[" * 50_000)


def test_a_table_of_too_many_cells_is_refused_before_it_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("content.rendering.markdown.SyntaxTreeNode", None)
    with pytest.raises(DocumentRefused) as blocks:
        from_markdown("a|" * 200 + "\n" + "-|" * 200 + "\n" + "a|\n" * 2_900)
    assert [fault.code for fault in blocks.value.fields] == ["content.document_blocks"]
