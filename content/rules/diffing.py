"""What changed between two drafts, told so that somebody who reviews it can read it."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from content.rendering.spelling import normalised
from content.rendering.text import attribute, block_text, blocks_of, links_of, shown
from content.rendering.validation import columns_of
from content.rules.aligning import Effort, equal_runs
from content.rules.drafts import Draft
from content.rules.text_diff import Part, compare_texts

BlockKind = Literal["same", "changed", "moved", "added", "removed"]

FIELD_NAMES: Final[Mapping[str, str]] = {
    "title": "标题",
    "summary": "摘要",
    "kind": "栏目",
    "content_class": "审核级别",
    "audience": "写给谁",
    "cover_asset_id": "封面",
    "topic_ids": "专题",
    "site_ids": "相关示范点",
    "technologies": "相关技术",
    "byline": "署名",
    "source_name": "来源",
    "source_url": "来源网址",
    "quiz": "知识问答",
}
_BLOCK_NAMES: Final[Mapping[str, str]] = {
    "paragraph": "段落",
    "bulletList": "列表",
    "orderedList": "编号列表",
    "blockquote": "引用",
    "imagePlaceholder": "缺少的图片",
}
_TONES: Final[Mapping[str, str]] = {"info": "说明框", "tip": "提示框", "warning": "注意框"}
_MOST_PAIRED = 2_500
_ALIKE = 0.3
_MOST_NOTES = 5
_PICTURES = {"image", "imagePlaceholder"}


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A field that is not what it was; `name` is what people call it."""

    field: str
    name: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class BlockChange:
    """A block of the text, where it stands before and after (from 0), and what became of it.

    `label` says what it is, in words (`表格 3 行 4 列`), `notes` what its words do not show.
    """

    kind: BlockKind
    label: str
    before: int | None
    after: int | None
    parts: tuple[Part, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """All that is different between two drafts, and in `blocks` what stayed, in the order of the later."""

    fields: tuple[FieldChange, ...]
    blocks: tuple[BlockChange, ...]

    @property
    def is_same(self) -> bool:
        return not self.fields and all(block.kind == "same" for block in self.blocks)

    def count(self, kind: BlockKind) -> int:
        """How many blocks are of a kind."""
        return sum(block.kind == kind for block in self.blocks)


@dataclass(frozen=True, slots=True)
class _Block:
    index: int
    node: Mapping[str, Any]
    key: str  # equal for what is equal
    text: str  # what is shown of it when it is compared


def compare(before: Draft, after: Draft, names: Mapping[str, str] | None = None) -> Comparison:
    """What changed from one draft to another. `names` has words for ids and values."""
    effort = Effort()
    fields = tuple(_fields(before, after, names or {}, effort))
    return Comparison(fields, tuple(_blocks(_read(before), _read(after), effort)))


def _fields(before: Draft, after: Draft, names: Mapping[str, str], effort: Effort) -> Iterator[FieldChange]:
    old, new = asdict(before), asdict(after)
    for field, name in FIELD_NAMES.items():
        if old[field] != new[field]:
            was, now = _said(field, old[field], names), _said(field, new[field], names)
            yield FieldChange(field, name, compare_texts(was, now, effort))


def _said(field: str, value: Any, names: Mapping[str, str]) -> str:
    if field == "quiz":
        return "\n".join(_question(number, question) for number, question in enumerate(value, 1))
    if isinstance(value, list | tuple):
        return "、".join(names.get(str(one), str(one)) for one in value)
    return "" if value is None else names.get(str(value), str(value))


def _question(number: int, question: Mapping[str, Any]) -> str:
    right = question.get("right") or ()
    options = (
        f"{chr(ord('A') + at)}. {option.get('text', '')}{'（正确）' if option.get('id') in right else ''}"
        for at, option in enumerate(question.get("options") or ())
    )
    lines = [f"{number}. {question.get('text', '')}", *options, f"解析：{question.get('explanation', '')}"]
    return "\n".join(lines)


def _read(draft: Draft) -> list[_Block]:
    return [
        _Block(index, block, json.dumps(block, sort_keys=True, ensure_ascii=False), _words(block))
        for index, block in blocks_of(normalised(draft.body))
    ]


def _words(block: Mapping[str, Any]) -> str:
    kind = block["type"]
    if kind == "image":
        caption = shown(attribute(block, "caption")).strip()
        return f"图片：{_alt(block)}" + (f"；图说：{caption}" if caption else "")
    if kind == "imagePlaceholder":
        return f"缺少的图片：{_alt(block)}"
    if kind == "table":
        return f"{_label(block)}\n{block_text(block)}"
    return block_text(block)


def _alt(block: Mapping[str, Any]) -> str:
    return shown(attribute(block, "alt")).strip() or "没有替代文字"


def _label(block: Mapping[str, Any]) -> str:
    kind = block["type"]
    if kind == "image":
        return f"图片：{_alt(block)}"
    if kind == "table":
        return f"表格 {len(block['content'])} 行 {columns_of(block)} 列"
    if kind == "heading":
        return "标题" if attribute(block, "level") == 2 else "小标题"
    return _TONES[attribute(block, "tone")] if kind == "callout" else _BLOCK_NAMES[kind]


def _blocks(before: Sequence[_Block], after: Sequence[_Block], effort: Effort) -> Iterator[BlockChange]:
    runs = equal_runs([block.key for block in before], [block.key for block in after], effort)
    gaps: list[tuple[Sequence[_Block], Sequence[_Block]]] = []
    at_before = at_after = 0
    for start, other, size in [*runs, (len(before), len(after), 0)]:
        gaps.append((before[at_before:start], after[at_after:other]))
        at_before, at_after = start + size, other + size
    moved = _moved(gaps)
    for (old, new), (start, other, size) in zip(gaps, [*runs, (0, 0, 0)], strict=True):
        yield from _gap(old, new, moved, effort)
        for here, there in zip(before[start : start + size], after[other : other + size], strict=True):
            yield BlockChange("same", _label(there.node), here.index, there.index, _whole("same", there))


def _moved(gaps: Iterable[tuple[Sequence[_Block], Sequence[_Block]]]) -> dict[int, _Block]:
    """Blocks that went from one gap and came, with the same words, in another: by their later number."""
    gone: dict[str, tuple[int, _Block]] = {}
    come: dict[str, tuple[int, _Block]] = {}
    times: Counter[tuple[str, str]] = Counter()
    for gap, (old, new) in enumerate(gaps):
        gone |= {block.text: (gap, block) for block in old}
        come |= {block.text: (gap, block) for block in new}
        times.update(("gone", block.text) for block in old)
        times.update(("come", block.text) for block in new)
    return {
        there.index: gone[text][1]
        for text, (gap, there) in come.items()
        if times["gone", text] == times["come", text] == 1 and gone[text][0] != gap
    }


def _gap(
    old: Sequence[_Block], new: Sequence[_Block], moved: Mapping[int, _Block], effort: Effort
) -> Iterator[BlockChange]:
    """What became of the blocks between two that stayed: first those that went, each pair where it stands."""
    left = {block.index for block in moved.values()}
    old = [block for block in old if block.index not in left]
    pairs = _pairs(old, [block for block in new if block.index not in moved])
    at = 0
    for block in new:
        if block.index in moved:
            yield _arrived(moved[block.index], block)
            continue
        partner = pairs.get(block.index)
        if partner is None:
            yield BlockChange("added", _label(block.node), None, block.index, _whole("added", block))
            continue
        while old[at] is not partner:
            yield _removed(old[at])
            at += 1
        at += 1
        yield _changed(partner, block, effort)
    yield from map(_removed, old[at:])


def _arrived(before: _Block, after: _Block) -> BlockChange:
    notes = [f"原在第 {before.index + 1} 段"]
    if before.key != after.key:
        notes += _notes(before, after)
    label = _label(after.node)
    return BlockChange("moved", label, before.index, after.index, _whole("same", after), tuple(notes))


def _removed(block: _Block) -> BlockChange:
    return BlockChange("removed", _label(block.node), block.index, None, _whole("removed", block))


def _whole(kind: Literal["same", "added", "removed"], block: _Block) -> tuple[Part, ...]:
    return (Part(kind, block.text),) if block.text else ()


def _changed(before: _Block, after: _Block, effort: Effort) -> BlockChange:
    notes = tuple(_notes(before, after))
    parts = compare_texts(before.text, after.text, effort)
    return BlockChange("changed", _label(after.node), before.index, after.index, parts, notes)


def _notes(before: _Block, after: _Block) -> Iterator[str]:
    was, now = _label(before.node), _label(after.node)
    if "image" in (before.node["type"], after.node["type"]):
        if attribute(before.node, "assetId", None) != attribute(after.node, "assetId", None):
            yield "换了图片"
        return
    if was != now and before.node["type"] != "table":
        yield f"由{was}改为{now}"
    links = list(_links(before, after))
    yield from links[:_MOST_NOTES]
    if before.text == after.text and was == now and not links:
        yield "只改了文字格式"


def _links(before: _Block, after: _Block) -> Iterator[str]:
    old, new = ({link.href: link.text for link in links_of(side.node, 0)} for side in (before, after))
    yield from (f"新增链接“{text}”：{href}" for href, text in new.items() if href not in old)
    yield from (f"去掉链接“{text}”：{href}" for href, text in old.items() if href not in new)


def _pairs(old: Sequence[_Block], new: Sequence[_Block]) -> dict[int, _Block]:
    """Which of the blocks that went became which of those that came, in order, by what they share."""
    if len(old) * len(new) > _MOST_PAIRED:
        return {there.index: here for here, there in zip(old, new, strict=False)}
    grams = {id(block): _grams(block) for block in (*old, *new)}
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    shared: dict[tuple[int, int], float] = {}
    for row in range(len(old) - 1, -1, -1):
        for column in range(len(new) - 1, -1, -1):
            alike = _likeness(grams[id(old[row])], grams[id(new[column])])
            if {old[row].node["type"], new[column].node["type"]} <= _PICTURES:
                alike = max(alike, _ALIKE)  # a picture in the place of a picture
            shared[row, column] = alike if alike >= _ALIKE else 0.0
            best[row][column] = max(
                best[row + 1][column],
                best[row][column + 1],
                best[row + 1][column + 1] + shared[row, column],
            )
    pairs: dict[int, _Block] = {}
    row = column = 0
    while row < len(old) and column < len(new):
        gain = shared[row, column]
        if gain and best[row][column] == best[row + 1][column + 1] + gain:
            pairs[new[column].index] = old[row]
            row, column = row + 1, column + 1
        elif best[row][column] == best[row + 1][column]:
            row += 1
        else:
            column += 1
    return pairs


def _grams(block: _Block) -> frozenset[str]:
    text = block.text
    return frozenset(text[at : at + 2] for at in range(max(len(text) - 1, 1)))


def _likeness(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(min(len(one), len(other)), 1)
