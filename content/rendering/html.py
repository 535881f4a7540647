"""A document as HTML, for the web and for looking at it on the desk."""

import re
from collections.abc import Mapping
from html import escape
from typing import Any, Final

import nh3

from content.rendering.markup import MISSING, Element, tree
from content.rendering.pictures import OURS, Picture
from content.rendering.schema import INTERNAL, WEB
from content.rendering.text import Document, attribute, blocks_of, shown
from content.rendering.validation import columns_of

# Everything that is made here, and nothing else: what an error of ours let through ends at this list.
_ATTRIBUTES: Final[dict[str, set[str]]] = {
    "article": {"lang", "class"},
    "h2": {"id"},
    "h3": {"id"},
    "p": {"class"},
    "ol": {"start"},
    "a": {"href"},
    "span": {"class"},
    "div": {"class", "role", "aria-label", "tabindex"},
    "th": {"scope", "colspan", "rowspan"},
    "td": {"colspan", "rowspan"},
    "figure": {"class"},
    "img": {"src", "srcset", "sizes", "alt", "width", "height", "loading", "decoding"},
}
_TAGS: Final = {
    *_ATTRIBUTES,
    "ul",
    "li",
    "blockquote",
    "strong",
    "em",
    "br",
    "table",
    "tbody",
    "tr",
    "figcaption",
}
_OWN_PAGE: Final = re.compile(r"/[A-Za-z0-9_\-./?=&]*")
_SRCSET: Final = re.compile(rf"{OURS.pattern} \d+w(?:, {OURS.pattern} \d+w)*")
_SIZES: Final = "(max-width: 44rem) 100vw, 44rem"


def to_html(
    document: Document, pictures: Mapping[str, Picture], addresses: Mapping[str, str] | None = None
) -> str:
    """A valid document as HTML that can be put into a page as it is.

    `pictures` are by asset id; one that is not among them is shown as missing. `addresses` are pages of ours
    for links such as `article:<id>`; a link that has none there is text.
    """
    known = addresses or {}
    made = "".join(_block(index, block, pictures, known) for index, block in blocks_of(document))
    return nh3.clean(
        f'<article lang="zh-CN" class="article-text">{made}</article>',
        tags=_TAGS,
        attributes=_ATTRIBUTES,
        attribute_filter=_second_look,
        url_schemes={"https"},
        link_rel="noopener noreferrer",
    )


def _second_look(tag: str, name: str, value: str) -> str | None:
    if name in ("src", "srcset"):
        return value if (OURS if name == "src" else _SRCSET).fullmatch(value) else None
    if name == "href":
        own = _OWN_PAGE.fullmatch(value) and not value.startswith("//")
        return value if own or WEB.fullmatch(value) else None
    return value


def anchor(block: int) -> str:
    """The id that the heading which is this block has in a page."""
    return f"part-{block}"


def _block(index: int, block: Document, pictures: Mapping[str, Picture], addresses: Mapping[str, str]) -> str:
    kind = block["type"]
    if kind == "image":
        return _image(block, pictures.get(attribute(block, "assetId")))
    if kind == "imagePlaceholder":
        return _missing("")
    made = tree(block)
    if kind == "heading":
        made["attrs"] = {"id": anchor(index)}
    text = _written(made, addresses)
    if kind == "callout":
        return text.replace("<div ", '<div role="note" ', 1)
    if kind == "table":
        label = f"表格：{len(block['content'])} 行 {columns_of(block)} 列"
        return f'<div class="table-scroll" role="region" tabindex="0" aria-label="{label}">{text}</div>'
    return text


def _written(piece: Element, addresses: Mapping[str, str]) -> str:
    """An element of the tree with all in it, whose depth the schema bounds."""
    if piece.get("type") == "text":
        return escape(piece["text"])
    name: str = piece["name"]
    attributes: dict[str, Any] = piece.get("attrs", {})
    if name == "br":
        return "<br>"
    inside = "".join(_written(child, addresses) for child in piece["children"])
    if name == "a":
        href = attributes["data-href"]
        address = addresses.get(href) if INTERNAL.fullmatch(href) else href
        return f'<a href="{escape(address)}">{inside}</a>' if address else inside
    spelled = "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())
    return f"<{name}{spelled}>{inside}</{name}>"


def _image(block: Document, picture: Picture | None) -> str:
    caption = shown(attribute(block, "caption")).strip()
    below = f"<figcaption>{escape(caption)}</figcaption>" if caption else ""
    if picture is None:
        return _missing(below)
    srcset = ", ".join(f"{address} {width}w" for address, width in picture.srcset)
    sizes = f' srcset="{srcset}" sizes="{_SIZES}"' if srcset else ""
    return (
        f'<figure><img src="{picture.src}"{sizes} alt="{escape(shown(attribute(block, "alt")))}"'
        f' width="{picture.width}" height="{picture.height}" loading="lazy" decoding="async">{below}</figure>'
    )


def _missing(below: str) -> str:
    return f'<figure class="picture-missing"><p class="picture-missing-label">{MISSING}</p>{below}</figure>'
