"""What a document says, without its looks: for search, for counting, and for finding one's way in it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from content.rendering.schema import INTERNAL, WEB

Document = Mapping[str, Any]

# Marks of direction can make a text read as another one; joiners and marks of width are seen by nobody.
UNSEEN = re.compile(r"[\x7f-\x9f\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]")
_BREAKS = re.compile(r"[\t\n\r\u2028\u2029]")

_HAN = "\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_COUNTED = re.compile(rf"[{_HAN}]|(?:(?![{_HAN}_])\w)+(?:[.,'’/-](?:(?![{_HAN}_])\w)+)*")
_SENTENCE = re.compile(r"[^。！？!?；;…\n]*(?:[。！？!?；;…]+[”’」』）)]*\n?|\n)|[^。！？!?；;…\n]+")

Target = Literal["article", "site", "web"]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading, and which block of the document it is."""

    level: int
    text: str
    block: int


@dataclass(frozen=True, slots=True)
class Link:
    """Where a piece of text leads: an article or a site by its id, or a host of the web."""

    href: str
    target: Target
    id: str | None
    host: str | None
    text: str
    block: int


def shown(text: str) -> str:
    """The text as people see it: without what is invisible, and in one line."""
    return _BREAKS.sub(" ", UNSEEN.sub("", text))


def children(node: Document) -> Sequence[Document]:
    """What a node holds."""
    content: Sequence[Document] = node.get("content") or ()
    return content


def attribute(node: Document, name: str, default: Any = "") -> Any:
    """An attribute of a node, or what it is when it is left out."""
    return (node.get("attrs") or {}).get(name, default)


def blocks_of(document: Document) -> Iterator[tuple[int, Document]]:
    """The blocks of a document with their numbers, without the paragraphs that show nothing."""
    for index, block in enumerate(children(document)):
        if block["type"] not in ("paragraph", "heading") or inline_text(block).strip():
            yield index, block


def inline_text(node: Document) -> str:
    """The words of a paragraph or heading; a line break is one."""
    return "".join(shown(part["text"]) if part["type"] == "text" else "\n" for part in children(node))


def lines_of(block: Document) -> Iterator[str]:
    """What a block says, line by line; a row of a table is a line, a picture says its caption."""
    kind = block["type"]
    if kind in ("paragraph", "heading"):
        yield from inline_text(block).split("\n")
    elif kind == "image":
        yield shown(attribute(block, "caption"))
    elif kind == "tableRow":
        yield "\t".join(" ".join(_said(cell)) for cell in children(block))
    else:
        for child in children(block):
            yield from lines_of(child)


def _said(block: Document) -> Iterator[str]:
    return (line.strip() for line in lines_of(block) if line.strip())


def block_text(block: Document) -> str:
    """What one block says."""
    return "\n".join(_said(block))


def to_text(document: Document) -> str:
    """What a document says: a line for each paragraph, item, row of a table and caption."""
    return "\n".join(text for _, block in blocks_of(document) if (text := block_text(block)))


def text_by_block(document: Document) -> dict[int, str]:
    """What each block says that says anything, by its number."""
    return {index: text for index, block in blocks_of(document) if (text := block_text(block))}


def alt_by_block(document: Document) -> dict[int, str]:
    """The alternative text of each picture that has one, by the number of its block."""
    return {
        index: alt
        for index, block in enumerate(children(document))
        if block["type"] in ("image", "imagePlaceholder") and (alt := shown(attribute(block, "alt")).strip())
    }


def outline(document: Document) -> list[Heading]:
    """The headings, in their order."""
    return [
        Heading(attribute(block, "level", 2), " ".join(inline_text(block).split()), index)
        for index, block in blocks_of(document)
        if block["type"] == "heading"
    ]


def count_characters(text: str) -> int:
    """The length of a Chinese text: each Han character, and each word or number of other writing."""
    return sum(1 for _ in _COUNTED.finditer(text))


def characters(document: Document) -> int:
    """The length of what a document says, as Chinese editors count it; punctuation does not count."""
    return count_characters(to_text(document))


def sentences(text: str) -> list[str]:
    """A text cut behind its sentences; put together again they are the text."""
    return _SENTENCE.findall(text)


def first_words(document: Document, most: int) -> str:
    """The beginning of what paragraphs say, at most so many characters; cut short it ends in …"""
    said: list[str] = []
    length = 0
    for _, block in blocks_of(document):
        if block["type"] == "paragraph":
            said.append(" ".join(inline_text(block).split()))
            length += len(said[-1])
        if length > most:
            break
    text = "".join(said)
    return text if len(text) <= most else text[: max(most - 1, 0)].rstrip("，、：；,;: ") + "…"


def asset_ids(document: Document) -> list[str]:
    """The pictures of the library that a document shows, each once, in their order."""
    shows = (block for block in children(document) if block["type"] == "image")
    return list(dict.fromkeys(attribute(block, "assetId") for block in shows))


def href_of(part: Document) -> str | None:
    """Where a piece of text leads."""
    for mark in part.get("marks") or ():
        if mark["type"] == "link":
            href: str = mark["attrs"]["href"]
            return href
    return None


def links_of(block: Document, index: int) -> list[Link]:
    """Where the text of a block leads, in its order; pieces of one link are one, and each is named once."""
    found: list[tuple[str, str]] = []
    for node in _with_words(block):
        before: str | None = None
        for part in children(node):
            href = href_of(part)
            if href is not None and part["type"] == "text":
                if href == before:
                    found[-1] = (href, found[-1][1] + shown(part["text"]))
                else:
                    found.append((href, shown(part["text"])))
            before = href
    named = ((href, text.strip()) for href, text in found)
    return [_link(href, text, index) for href, text in dict.fromkeys(named) if text]


def _with_words(block: Document) -> Iterator[Document]:
    if block["type"] in ("paragraph", "heading"):
        yield block
    else:
        for child in children(block):
            yield from _with_words(child)


def _link(href: str, text: str, index: int) -> Link:
    inside = INTERNAL.fullmatch(href)
    if inside:
        target: Target = "article" if inside["kind"] == "article" else "site"
        return Link(href, target, inside["id"], None, text, index)
    return Link(href, "web", None, web_host(href) or "", text, index)


def web_host(href: str) -> str | None:
    """The host that an address of the web leads to; None: no address that a link may have."""
    outside = WEB.fullmatch(href)
    return outside["host"].lower() if outside else None


def link_targets(document: Document) -> list[Link]:
    """Where a document leads, in its order."""
    return [link for index, block in blocks_of(document) for link in links_of(block, index)]
