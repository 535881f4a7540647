"""Whether a document is one: everything that is not in the schema is refused, by name and place."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from content.errors import DocumentRefused
from content.rendering.schema import (
    INLINE,
    MARKS,
    MOST_BLOCKS,
    MOST_BYTES,
    MOST_CHARACTERS,
    MOST_COLUMNS,
    MOST_DEPTH,
    MOST_ROWS,
    NODES,
    UNUSABLE,
    Attribute,
)
from miniprogram_api.kernel.errors import FieldError

_MOST_TOLD: Final = 10
_MOST_NAME: Final = 40
# A node is a mapping in a list, and its attributes, or those of its marks, are deeper still.
_MOST_NESTED: Final = 2 * MOST_DEPTH + 6


def validate(document: object) -> None:
    """Refuse what is not a document of the schema; at most ten places are told.

    Whatever comes in, it takes no more time than a text of the greatest length.
    """
    _measure(document)
    walk = _Walk()
    walk.document(document)
    if walk.found:
        raise DocumentRefused(walk.found)
    _weigh(document)


def _refuse(code: str, field: str = "", **params: Any) -> DocumentRefused:
    return DocumentRefused([FieldError(field, code, params)])


def _measure(document: object) -> None:
    """Nothing is looked into, written out or counted before it is known to be small and flat."""
    bytes_left = MOST_BYTES
    waiting: list[tuple[object, int]] = [(document, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > _MOST_NESTED:
            raise _refuse("content.document_depth", most=MOST_DEPTH)
        if isinstance(value, str | list | dict):
            bytes_left -= len(value) * (4 if isinstance(value, dict) else 1)  # "a":…
        if bytes_left < 0:
            raise _refuse("content.document_size", most=MOST_BYTES // 1000)
        if isinstance(value, list | dict):
            parts = value.values() if isinstance(value, dict) else value
            waiting.extend((part, depth + 1) for part in parts)


def _weigh(document: object) -> None:
    if len(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()) > MOST_BYTES:
        raise _refuse("content.document_size", most=MOST_BYTES // 1000)


def _name(value: object) -> str:
    """What somebody called a thing, fit to be shown to them."""
    text = value if isinstance(value, str) else "?"
    return "".join(letter if letter.isprintable() else "?" for letter in text[:_MOST_NAME])


class _Walk:
    """One walk over a document whose depth is bounded, gathering what is wrong with it."""

    def __init__(self) -> None:
        self.found: list[FieldError] = []
        self._block = 0
        self._blocks = 0
        self._characters = 0

    def document(self, document: object) -> None:
        if not isinstance(document, dict) or document.get("type") != "doc":
            self._wrong("content.document_type", "")
            return
        self._node(document, "", 1)
        if self._blocks > MOST_BLOCKS:
            self._wrong("content.document_blocks", "", most=MOST_BLOCKS)
        if self._characters > MOST_CHARACTERS:
            self._wrong("content.document_characters", "", most=MOST_CHARACTERS)

    def _wrong(self, code: str, path: str, **params: Any) -> None:
        if len(self.found) < _MOST_TOLD:
            self.found.append(FieldError(path, code, {"block": self._block + 1} | params))

    def _node(self, node: dict[str, Any], path: str, depth: int) -> None:
        """Look at a node whose type is known to be allowed where it stands."""
        kind: str = node["type"]
        if depth > MOST_DEPTH:
            self._wrong("content.document_depth", path, most=MOST_DEPTH)
            return
        if kind == "text":
            self._text(node, path)
            return
        self._keys(node, {"type", "attrs", "content", *(("marks",) if kind in INLINE else ())}, path)
        self._attributes(node.get("attrs"), NODES[kind].attributes, path)
        if "marks" in node and kind in INLINE:
            self._marks(node["marks"], path)
        self._content(node, path, depth)
        if kind == "table":
            self._table(node, path)

    def _content(self, node: dict[str, Any], path: str, depth: int) -> None:
        rule = NODES[node["type"]]
        children = node.get("content", [])
        here = f"{path}.content" if path else "content"
        if not isinstance(children, list):
            self._wrong("content.document_shape", here)
            return
        for index, child in enumerate(children):
            if depth == 1:
                self._block = index
            place = f"{here}[{index}]"
            if self._belongs(child, rule.holds, place):
                self._blocks += child["type"] not in INLINE
                self._node(child, place, depth + 1)
        if rule.needs and not children:
            self._wrong("content.document_empty_node", path, name=node["type"])
        first = children[0].get("type") if children and isinstance(children[0], dict) else None
        if rule.first and first in rule.holds and first != rule.first:
            self._wrong("content.document_nesting", f"{here}[0]", name=first, parent=node["type"])

    def _belongs(self, child: object, allowed: frozenset[str], place: str) -> bool:
        if not isinstance(child, dict):
            self._wrong("content.document_shape", place)
            return False
        kind = child.get("type")
        if not isinstance(kind, str) or kind not in NODES:
            self._wrong("content.document_node", place, name=_name(kind))
            return False
        if kind not in allowed:
            self._wrong("content.document_nesting", place, name=kind, parent="")
            return False
        return True

    def _text(self, node: dict[str, Any], path: str) -> None:
        self._keys(node, {"type", "text", "marks"}, path)
        text = node.get("text")
        if not isinstance(text, str) or not text:
            self._wrong("content.document_text", f"{path}.text")
        elif UNUSABLE.search(text):
            self._wrong("content.document_letters", f"{path}.text")
        else:
            self._characters += len(text)
        if "marks" in node:
            self._marks(node["marks"], path)

    def _marks(self, marks: object, path: str) -> None:
        if not isinstance(marks, list):
            self._wrong("content.document_shape", f"{path}.marks")
            return
        seen: set[str] = set()
        for index, mark in enumerate(marks):
            place = f"{path}.marks[{index}]"
            kind = mark.get("type") if isinstance(mark, dict) else mark
            if not isinstance(mark, dict) or not isinstance(kind, str) or kind not in MARKS or kind in seen:
                self._wrong("content.document_mark", place, name=_name(kind))
                continue
            seen.add(kind)
            self._keys(mark, {"type", "attrs"}, place)
            self._attributes(mark.get("attrs"), MARKS[kind], place)

    def _keys(self, part: dict[str, Any], known: set[str], path: str) -> None:
        for key in part:
            if key not in known:
                self._wrong("content.document_attribute", path, name=_name(key))

    def _attributes(self, given: object, known: Mapping[str, Attribute], path: str) -> None:
        here = f"{path}.attrs" if path else "attrs"
        if given is None:
            given = {}
        if not isinstance(given, dict):
            self._wrong("content.document_shape", here)
            return
        for name in given:
            if name not in known:
                self._wrong("content.document_attribute", f"{here}.{_name(name)}", name=_name(name))
        for name, attribute in known.items():
            if name not in given:
                if attribute.default is None:
                    self._wrong("content.document_value", f"{here}.{name}", name=name)
            elif not attribute.check(given[name]):
                code = "content.document_link" if name == "href" else "content.document_value"
                self._wrong(code, f"{here}.{name}", name=name)

    def _table(self, table: dict[str, Any], path: str) -> None:
        if self.found:
            return  # the cells of a table that is wrong in itself are not counted
        rows = len(table["content"])
        if rows > MOST_ROWS or any(width > MOST_COLUMNS for width in _widths(table)):
            self._wrong("content.document_table", path, columns=MOST_COLUMNS, rows=MOST_ROWS)
        for index, row in enumerate(table["content"]):
            spans = [(cell.get("attrs") or {}).get("rowspan", 1) for cell in row.get("content", ())]
            if index + max(spans, default=1) > rows:
                self._wrong("content.document_value", f"{path}.content[{index}]", name="rowspan")


def _widths(table: Mapping[str, Any]) -> Iterator[int]:
    """How many columns each row of a table takes, with those that cells of rows above reach into it."""
    reaching: list[tuple[int, int]] = []  # columns, rows still to come
    for row in table["content"]:
        cells = [cell.get("attrs") or {} for cell in row.get("content", ())]
        above = sum(columns for columns, _ in reaching)
        yield above + sum(cell.get("colspan", 1) for cell in cells)
        reaching = [(columns, left - 1) for columns, left in reaching if left > 1]
        reaching += [
            (cell.get("colspan", 1), cell.get("rowspan", 1) - 1)
            for cell in cells
            if cell.get("rowspan", 1) > 1
        ]


def columns_of(table: Mapping[str, Any]) -> int:
    """How many columns a table of a document has."""
    return max(_widths(table), default=0)
