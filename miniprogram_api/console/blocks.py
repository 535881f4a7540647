"""The blocks that the mini-program is given, as HTML for reviewers: the same text, paragraph by paragraph."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from markupsafe import Markup, escape

_TAGS = frozenset(
    {"p", "h2", "h3", "ul", "ol", "li", "blockquote", "div", "strong", "em", "span", "br"}
    | {"table", "tbody", "tr", "th", "td"}
)
_VOID = frozenset({"br"})
_ATTRIBUTES = frozenset({"class", "colspan", "rowspan", "start"})


@dataclass(frozen=True, slots=True)
class Part:
    """A top-level block of the body: its number, by which a note names it, and how it looks."""

    block: int
    html: Markup


def parts_of(blocks: Sequence[Mapping[str, Any]], words: Iterable[str] = ()) -> list[Part]:
    """The parts of a text in their order; words of the lists are marked where they stand."""
    marked = sorted({word for word in words if word}, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, marked)), re.IGNORECASE) if marked else None
    numbered = [(int(block.get("block", at)), block) for at, block in enumerate(blocks)]
    return [
        Part(number, Markup().join(_block(block, pattern) for _, block in same))
        for number, same in groupby(numbered, key=lambda pair: pair[0])
    ]


def _block(block: Mapping[str, Any], words: re.Pattern[str] | None) -> Markup:
    match block.get("type"):
        case "text":
            return _nodes(block["nodes"], words)
        case "table":
            return Markup('<div class="wide" tabindex="0" role="region" aria-label="表格">{}</div>').format(
                _nodes(block["nodes"], words)
            )
        case "image":
            return _image(block)
        case "link":
            return Markup('<p class="link-row">{} <span class="hint">（{}）</span></p>').format(
                _text(block["text"], words), _TARGETS.get(str(block.get("target")), "网页")
            )
        case _:
            return Markup('<p class="missing">这里缺一张图片，请作者上传。</p>')


_TARGETS = {"article": "打开另一篇文章", "site": "打开示范点", "web": "打开网页"}


def _image(block: Mapping[str, Any]) -> Markup:
    caption = block.get("caption") or ""
    return Markup('<figure><img src="{}" alt="{}" width="{}" height="{}" loading="lazy">{}</figure>').format(
        block["src"],
        block.get("alt") or "",
        block["width"],
        block["height"],
        Markup("<figcaption>{}</figcaption>").format(caption) if caption else "",
    )


def _nodes(nodes: Iterable[Mapping[str, Any]], words: re.Pattern[str] | None) -> Markup:
    return Markup().join(_node(node, words) for node in nodes)


def _node(node: Mapping[str, Any], words: re.Pattern[str] | None) -> Markup:
    if node.get("type") == "text" or "name" not in node:
        # `rich-text` reads entities, so an ampersand is written as one.
        return _text(str(node.get("text", "")).replace("&amp;", "&"), words)
    inner = _nodes(node.get("children") or (), words)
    tag = str(node["name"])
    if tag not in _TAGS:
        return inner
    kept = {name: value for name, value in (node.get("attrs") or {}).items() if name in _ATTRIBUTES}
    attributes = Markup().join(Markup(' {}="{}"').format(name, value) for name, value in kept.items())
    if tag in _VOID:
        return Markup("<{}{}>").format(tag, attributes)
    return Markup("<{}{}>{}</{}>").format(tag, attributes, inner, tag)


def _text(text: str, words: re.Pattern[str] | None) -> Markup:
    if words is None:
        return escape(text)
    found, at = Markup(), 0
    for match in words.finditer(text):
        found += escape(text[at : match.start()]) + Markup("<mark>{}</mark>").format(match.group())
        at = match.end()
    return found + escape(text[at:])
