"""What a document must not have when it is submitted for review; a draft may."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from content.rendering.text import Document, attribute, block_text, children, link_targets, shown, to_text


@dataclass(frozen=True, slots=True)
class Blocker:
    """Something to be mended, where: `block` counts from 0, the `block` of its params from 1."""

    code: str
    block: int | None = None
    params: dict[str, Any] = field(default_factory=dict)


def blockers(document: Document, link_hosts: Collection[str]) -> list[Blocker]:
    """What keeps a document from being submitted, in the order in which it stands there.

    Links may lead to the hosts named and to those below them: `gov.cn` allows `www.jl.gov.cn`.
    """
    found = [*_pictures(document), *_tables(document), *_links(document, link_hosts)]
    found.sort(key=lambda blocker: blocker.block or 0)
    if not to_text(document).strip():
        found.insert(0, Blocker("content.body_empty"))
    return found


def _pictures(document: Document) -> Iterator[Blocker]:
    for index, block in enumerate(children(document)):
        if block["type"] == "imagePlaceholder":
            yield Blocker("content.picture_missing", index, {"block": index + 1})
        elif block["type"] == "image" and not shown(attribute(block, "alt")).strip():
            yield Blocker("content.alt_missing", index, {"block": index + 1})


def _tables(document: Document) -> Iterator[Blocker]:
    for index, block in enumerate(children(document)):
        if block["type"] == "table" and not block_text(block):
            yield Blocker("content.table_empty", index, {"block": index + 1})


def _links(document: Document, link_hosts: Collection[str]) -> Iterator[Blocker]:
    for link in link_targets(document):
        if link.host is not None and not host_allowed(link.host, link_hosts):
            yield Blocker(
                "content.link_host",
                link.block,
                {"block": link.block + 1, "host": link.host, "text": link.text},
            )


def host_allowed(host: str, link_hosts: Collection[str]) -> bool:
    """Whether a host is one of those named or below one of them."""
    labels = host.lower().split(".")
    return any(".".join(labels[at:]) in link_hosts for at in range(len(labels)))
