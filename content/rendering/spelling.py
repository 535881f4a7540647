"""One spelling for documents that say the same, so that saving again what was not changed changes nothing."""

from typing import Any

from content.rendering.schema import MARKS, NODES
from content.rendering.text import Document

_MARK_ORDER = {kind: place for place, kind in enumerate(MARKS)}


def normalised(document: Document) -> dict[str, Any]:
    """A valid document in its one spelling: attributes that were left out are named, what is empty is not
    there, pieces of text that look the same are one, marks stand in one order.
    """
    return _node(document)


def _node(node: Document) -> dict[str, Any]:
    kind = node["type"]
    if kind == "text":
        return _text(node["text"], node)
    made: dict[str, Any] = {"type": kind}
    known = NODES[kind].attributes
    if known:
        given = node.get("attrs") or {}
        made["attrs"] = {name: given.get(name, attribute.default) for name, attribute in known.items()}
    inside = _joined([_node(child) for child in node.get("content") or ()])
    if inside or kind == "doc":
        made["content"] = inside
    return made


def _text(text: str, node: Document) -> dict[str, Any]:
    marks = [
        {"type": mark["type"], "attrs": {"href": mark["attrs"]["href"]}}
        if mark["type"] == "link"
        else {"type": mark["type"]}
        for mark in sorted(node.get("marks") or (), key=lambda mark: _MARK_ORDER[mark["type"]])
    ]
    made: dict[str, Any] = {"type": "text"}
    if marks:
        made["marks"] = marks
    return made | {"text": text}


def _joined(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    joined: list[dict[str, Any]] = []
    for node in nodes:
        last = joined[-1] if joined else None
        if last and node["type"] == last["type"] == "text" and node.get("marks") == last.get("marks"):
            last["text"] += node["text"]
        else:
            joined.append(node)
    return joined
