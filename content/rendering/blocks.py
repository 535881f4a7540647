"""A document as blocks, which a mini-program shows one below the other. `docs/content.md` is the contract."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from content.rendering.markup import Element, tree
from content.rendering.pictures import Picture
from content.rendering.text import Document, attribute, blocks_of, links_of, shown
from content.rendering.validation import columns_of

Block = dict[str, Any]

# Of what `rich-text` accepts (an unknown tag takes everything in it along), those that are made here.
RICH_TEXT_TAGS: Final = frozenset(
    {"p", "h2", "h3", "ul", "ol", "li", "blockquote", "div", "strong", "em", "span", "br"}
    | {"table", "tbody", "tr", "th", "td"}
)
RICH_TEXT_ATTRIBUTES: Final = frozenset({"class", "start", "colspan", "rowspan"})
BLOCK_TYPES: Final = frozenset({"text", "image", "link", "table", "placeholder"})


def to_blocks(document: Document, pictures: Mapping[str, Picture]) -> list[Block]:
    """A valid document as what a mini-program can show.

    Each block bears the number of the document's block that it comes from. Links cannot be tapped inside
    `rich-text`: they follow what they stand in, as blocks of their own. A picture that is not in `pictures`,
    by its asset id, is a placeholder.
    """
    return [made for index, block in blocks_of(document) for made in _blocks(index, block, pictures)]


def _blocks(index: int, block: Document, pictures: Mapping[str, Picture]) -> Iterator[Block]:
    kind = block["type"]
    if kind == "image":
        yield _image(index, block, pictures.get(attribute(block, "assetId")))
        return
    if kind == "imagePlaceholder":
        yield {
            "type": "placeholder",
            "block": index,
            "origin": shown(attribute(block, "origin")),
            "caption": "",
        }
        return
    made: Block = {"type": "text", "block": index}
    if kind == "table":
        made |= {"type": "table", "rows": len(block["content"]), "columns": columns_of(block)}
    yield made | {"nodes": [_rich(tree(block))]}
    for link in links_of(block, index):
        row = {"type": "link", "block": index, "text": link.text, "href": link.href, "target": link.target}
        yield row | ({"id": link.id} if link.id else {})


def _image(index: int, block: Document, picture: Picture | None) -> Block:
    caption = shown(attribute(block, "caption")).strip()
    if picture is None:
        return {"type": "placeholder", "block": index, "origin": "", "caption": caption}
    return {
        "type": "image",
        "block": index,
        "src": picture.src,
        "srcset": [{"src": address, "width": width} for address, width in picture.srcset],
        "alt": shown(attribute(block, "alt")),
        "caption": caption,
        "width": picture.width,
        "height": picture.height,
    }


def _rich(piece: Element) -> Element:
    """An element as `rich-text` takes it. It reads entities in texts, so an ampersand is written as one."""
    if piece.get("type") == "text":
        return {"type": "text", "text": piece["text"].replace("&", "&amp;")}
    if piece["name"] == "br":
        return {"name": "br"}
    inside = [_rich(child) for child in piece["children"]]
    if piece["name"] == "a":
        return {"name": "span", "attrs": {"class": "link"}, "children": inside}
    attributes = {key: value for key, value in piece.get("attrs", {}).items() if key != "scope"}
    made: Element = {"name": piece["name"], "children": inside}
    return made | {"attrs": attributes} if attributes else made
