"""The one walk over a document's text: elements for rich text and for HTML are made of the same tree.

A tree is nodes as a mini-program's `rich-text` takes them, `{"name", "attrs", "children"}` and
`{"type": "text", "text"}`, with links in it.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any, Final

from content.rendering.text import Document, attribute, children, href_of, shown

Element = dict[str, Any]

TONE_NAMES: Final[Mapping[str, str]] = {"info": "说明", "tip": "提示", "warning": "注意"}
_LISTS: Final = {"bulletList": "ul", "orderedList": "ol"}
_CELLS: Final = {"tableHeader": "th", "tableCell": "td"}
MISSING: Final = "这里还缺一张图片，请上传"


def element(name: str, inside: list[Element] | None = None, **attributes: str) -> Element:
    """An element; an attribute that is a word of Python's ends in an underscore."""
    made: Element = {"name": name}
    if attributes:
        made["attrs"] = {key.rstrip("_"): value for key, value in attributes.items()}
    if inside is not None:
        made["children"] = inside
    return made


def words(text: str) -> Element:
    """A piece of text."""
    return {"type": "text", "text": text}


def tree(block: Document) -> Element:
    """The tree of a block that is text; links in it are `a` with `data-href`."""
    kind = block["type"]
    if kind == "paragraph":
        return element("p", _inline(block))
    if kind == "heading":
        return element(f"h{attribute(block, 'level', 2)}", _inline(block))
    if kind == "table":
        return element("table", [element("tbody", [_row(row, at) for at, row in enumerate(children(block))])])
    inside = [tree(child) for child in children(block) if not _blank(child)]
    if kind == "callout":
        return _callout(block, inside)
    if kind in _LISTS:
        start = attribute(block, "start", 1)
        numbered = {"start": str(start)} if kind == "orderedList" and start != 1 else {}
        return element(_LISTS[kind], inside, **numbered)
    return element({"listItem": "li", "blockquote": "blockquote"}[kind], inside)


def _blank(block: Document) -> bool:
    """An empty paragraph is a gap of the editor's, not of the text's."""
    return block["type"] == "paragraph" and not any(
        part["type"] == "text" and shown(part["text"]).strip() for part in children(block)
    )


def _callout(block: Document, inside: list[Element]) -> Element:
    tone = attribute(block, "tone", "info")
    label = element("p", [words(TONE_NAMES[tone])], class_="callout-label")
    return element("div", [label, *inside], class_=f"callout callout-{tone}")


def _row(row: Document, index: int) -> Element:
    return element("tr", [_cell(cell, index) for cell in children(row)])


def _cell(cell: Document, row: int) -> Element:
    attributes = {
        name: str(value) for name in ("colspan", "rowspan") if (value := attribute(cell, name, 1)) != 1
    }
    if cell["type"] == "tableHeader":
        attributes["scope"] = "row" if row else "col"
    inside = [tree(child) for child in children(cell) if not _blank(child)]
    # A cell of one paragraph, which is the usual one, needs none.
    if len(inside) == 1 and inside[0]["name"] == "p":
        inside = inside[0]["children"]
    return element(_CELLS[cell["type"]], inside, **attributes)


def _inline(node: Document) -> list[Element]:
    made: list[Element] = []
    for href, parts in groupby(children(node), key=href_of):
        pieces = list(_pieces(parts))
        linked = href is not None and any(piece.get("name") != "br" for piece in pieces)
        made += [{"name": "a", "attrs": {"data-href": href}, "children": pieces}] if linked else pieces
    return made


def _pieces(parts: Iterable[Document]) -> Iterator[Element]:
    for part in parts:
        if part["type"] == "hardBreak":
            yield element("br")
        elif text := shown(part["text"]):
            yield _marked(part, words(text))


def _marked(part: Document, inside: Element) -> Element:
    kinds = {mark["type"] for mark in part.get("marks") or ()}
    if "italic" in kinds:
        inside = element("em", [inside])
    if "bold" in kinds:
        inside = element("strong", [inside])
    return inside
