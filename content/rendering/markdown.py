"""Markdown as a document. What the schema does not have becomes what is nearest to it, or plain text."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

from markdown_it import MarkdownIt
from markdown_it.tree import SyntaxTreeNode

from content.errors import DocumentRefused
from content.rendering.schema import (
    MOST_ALT,
    MOST_BLOCKS,
    MOST_CHARACTERS,
    MOST_ORIGIN,
    MOST_START,
    UNUSABLE,
    is_href,
)
from content.rendering.spelling import normalised
from content.rendering.validation import validate
from miniprogram_api.kernel.errors import FieldError

MOST_MARKDOWN: Final = MOST_CHARACTERS
MOST_LINES: Final = 3_000
_MOST_TOKENS: Final = 8 * MOST_BLOCKS  # no document that is short enough is made of more

Made = dict[str, Any]

_ALERT: Final = re.compile(r"\[!(note|info|tip|warning|caution|important)\]\s*", re.IGNORECASE)
_TONES: Final = {"note": "info", "info": "info", "tip": "tip", "important": "warning", "caution": "warning"}
_WIDE: Final = re.compile(r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef“”‘’…—]")


class Imported(NamedTuple):
    """A document, and where the pictures are that it lacks."""

    document: Made
    foreign_images: list[str]


def from_markdown(text: str) -> Imported:
    """The document a Markdown text is; HTML in it is text, pictures in it are placeholders.

    Reading a long text takes its time: it is not done while rows are locked.
    Raises DocumentRefused for a text that is too long or nested too deeply.
    """
    if len(text) > MOST_MARKDOWN:
        raise _too_long("content.document_characters", MOST_MARKDOWN)
    if len(text.splitlines()) > MOST_LINES:
        raise _too_long("content.document_lines", MOST_LINES)
    parser = MarkdownIt("commonmark", {"html": False}).enable("table")
    reading = _Reading()
    tokens = parser.parse(UNUSABLE.sub("", text))
    if len(tokens) > _MOST_TOKENS:
        raise _too_long("content.document_blocks", MOST_BLOCKS)
    tree = SyntaxTreeNode(tokens)
    document = {"type": "doc", "content": [made for node in tree.children for made in reading.top(node)]}
    validate(document)
    return Imported(normalised(document), reading.foreign)


def _too_long(code: str, most: int) -> DocumentRefused:
    return DocumentRefused([FieldError("", code, {"most": most})])


class _Reading:
    """One text being read; pictures wait until the block they stand in is done."""

    def __init__(self) -> None:
        self.foreign: list[str] = []
        self._waiting: list[Made] = []

    def top(self, node: SyntaxTreeNode) -> Iterator[Made]:
        yield from self._top(node)
        yield from self._waiting
        self._waiting = []

    def _top(self, node: SyntaxTreeNode) -> Iterator[Made]:
        if node.type == "heading":
            content = self._inline(node)
            if content:
                yield {"type": "heading", "attrs": {"level": 2 if node.tag in ("h1", "h2") else 3}} | content
        elif node.type == "blockquote":
            yield from self._quote(node)
        elif node.type == "table":
            yield self._table(node)
        else:
            yield from self._flow(node)

    def _flow(self, node: SyntaxTreeNode) -> Iterator[Made]:
        """What may stand in an item, a quotation or a cell."""
        if node.type in ("paragraph", "heading"):
            content = self._inline(node)
            if content:
                yield {"type": "paragraph"} | content
        elif node.type in ("bullet_list", "ordered_list"):
            yield self._list(node)
        elif node.type in ("fence", "code_block"):
            yield from self._code(node)
        elif node.type == "table":
            yield from (self._paragraph([self._row_text(row)]) for row in _rows(node))
        elif node.type != "hr":
            for child in node.children:
                yield from self._flow(child)

    def _inside(self, node: SyntaxTreeNode) -> list[Made]:
        return [made for child in node.children for made in self._flow(child)] or [{"type": "paragraph"}]

    def _list(self, node: SyntaxTreeNode) -> Made:
        items: list[Made] = []
        for child in node.children:
            inside = self._inside(child)
            if inside[0]["type"] != "paragraph":
                inside.insert(0, {"type": "paragraph"})
            items.append({"type": "listItem", "content": inside})
        if node.type == "bullet_list":
            return {"type": "bulletList", "content": items}
        start = min(int(node.attrs.get("start", 1)), MOST_START)
        return {"type": "orderedList", "attrs": {"start": start}, "content": items}

    def _quote(self, node: SyntaxTreeNode) -> Iterator[Made]:
        inside = self._inside(node)
        first = inside[0].get("content") or [{}]
        alert = _ALERT.match(first[0].get("text", ""))
        if alert is None:
            yield {"type": "blockquote", "content": inside}
            return
        tone = alert[1].lower()
        rest = first[0]["text"][alert.end() :].lstrip()
        left = ([first[0] | {"text": rest}] if rest else []) + first[1:]
        while left and left[0]["type"] == "hardBreak":
            left.pop(0)
        inside = ([{"type": "paragraph", "content": left}] if left else []) + inside[1:]
        yield {
            "type": "callout",
            "attrs": {"tone": _TONES.get(tone, tone)},
            "content": inside or [{"type": "paragraph"}],
        }

    def _code(self, node: SyntaxTreeNode) -> Iterator[Made]:
        lines = node.content.rstrip("\n").split("\n")
        if any(lines):
            yield self._paragraph(lines)

    @staticmethod
    def _paragraph(lines: Sequence[str]) -> Made:
        content: list[Made] = []
        for line in lines:
            content += [{"type": "hardBreak"}] if content else []
            content += [{"type": "text", "text": line}] if line else []
        return {"type": "paragraph", "content": content} if content else {"type": "paragraph"}

    def _table(self, node: SyntaxTreeNode) -> Made:
        return {"type": "table", "content": [self._row(row) for row in _rows(node)]}

    def _row(self, row: SyntaxTreeNode) -> Made:
        return {"type": "tableRow", "content": [self._cell(cell) for cell in row.children]}

    def _cell(self, cell: SyntaxTreeNode) -> Made:
        kind = "tableHeader" if cell.type == "th" else "tableCell"
        return {"type": kind, "content": [{"type": "paragraph"} | self._inline(cell)]}

    def _row_text(self, row: SyntaxTreeNode) -> str:
        """A table where none may stand."""
        cells = (self._inline(cell).get("content", ()) for cell in row.children)
        return " ".join("".join(piece.get("text", " ") for piece in cell) for cell in cells).strip()

    def _inline(self, node: SyntaxTreeNode) -> Made:
        pieces = [made for child in node.children for made in self._pieces(child, ())]
        while pieces and pieces[-1]["type"] == "hardBreak":
            pieces.pop()
        pieces = _without_breaks(pieces)
        return {"content": pieces} if pieces else {}

    def _pieces(self, node: SyntaxTreeNode, marks: tuple[Made, ...]) -> Iterator[Made]:
        if node.type == "image":
            self._picture(node)
        elif node.type == "hardbreak":
            yield {"type": "hardBreak"}
        elif node.type == "softbreak":
            yield _text("\n", marks)
        elif node.type in ("text", "code_inline"):
            if node.content:
                yield _text(node.content, marks)
        else:
            inside = [*marks, *_mark(node, marks)]
            for child in node.children:
                yield from self._pieces(child, tuple(inside))

    def _picture(self, node: SyntaxTreeNode) -> None:
        origin = str(node.attrs.get("src", ""))[:MOST_ORIGIN]
        alt = node.content[:MOST_ALT]
        self.foreign.append(origin)
        self._waiting.append({"type": "imagePlaceholder", "attrs": {"origin": origin, "alt": alt}})


def _rows(table: SyntaxTreeNode) -> Iterator[SyntaxTreeNode]:
    return (row for part in table.children for row in part.children)


def _without_breaks(pieces: list[Made]) -> list[Made]:
    """Lines as they go on in one another: Chinese without a gap, other writing with one."""
    kept: list[Made] = []
    for at, piece in enumerate(pieces):
        if piece.get("text") != "\n":
            kept.append(piece)
            continue
        before = kept[-1].get("text", "")[-1:] if kept else ""
        after = pieces[at + 1].get("text", "")[:1] if at + 1 < len(pieces) else ""
        if before and after and not (_WIDE.match(before) or _WIDE.match(after)):
            kept.append(piece | {"text": " "})
    return kept


def _mark(node: SyntaxTreeNode, marks: Sequence[Made]) -> Iterator[Made]:
    """The mark that an element is, unless its text has it already or it leads where no link may."""
    made: Made | None = {"strong": {"type": "bold"}, "em": {"type": "italic"}}.get(node.type)
    if node.type == "link" and is_href(node.attrs.get("href")):
        made = {"type": "link", "attrs": {"href": str(node.attrs["href"])}}
    if made and all(mark["type"] != made["type"] for mark in marks):
        yield made


def _text(text: str, marks: Sequence[Made]) -> Made:
    made: Made = {"type": "text", "text": text}
    return made | {"marks": [dict(mark) for mark in marks]} if marks else made
