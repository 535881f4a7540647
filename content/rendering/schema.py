"""What a document may consist of: a closed list of nodes, each with what it may hold.

Documents are TipTap's JSON. The editor's schema says the same; `docs/content.md` has it as a table.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

MOST_BLOCKS: Final = 2_000
MOST_DEPTH: Final = 12
MOST_CHARACTERS: Final = 60_000
MOST_BYTES: Final = 500_000
MOST_COLUMNS, MOST_ROWS = 12, 100
MOST_ALT, MOST_CAPTION, MOST_HREF, MOST_ORIGIN = 120, 200, 500, 500
MOST_START: Final = 9_999
TONES: Final = ("info", "tip", "warning")

# Neither a database nor a page can hold these; everything else that is not to be seen is left out when shown.
UNUSABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")

_ID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
ASSET_ID = re.compile(_ID)
INTERNAL = re.compile(rf"(?P<kind>article|site):(?P<id>{_ID})")
# No name and password, no address in digits, nothing that a browser would read as another address.
WEB = re.compile(
    r"https://(?P<host>(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9]))"
    r"(?::\d{1,5})?(?:[/?#][^\s\x00-\x20\x7f-\x9f\"'<>\\^`{|}\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]*)?",
    re.IGNORECASE,
)

Check = Callable[[Any], bool]


def _text(most: int) -> Check:
    return lambda value: isinstance(value, str) and len(value) <= most and not UNUSABLE.search(value)


def _whole(least: int, most: int) -> Check:
    # A truth value is a whole number to Python, and is none here.
    return lambda value: type(value) is int and least <= value <= most


def is_href(value: Any) -> bool:
    """Whether a link may lead there: `https://…`, `article:<id>` or `site:<id>`."""
    return (
        isinstance(value, str)
        and len(value) <= MOST_HREF
        and bool(INTERNAL.fullmatch(value) or WEB.fullmatch(value))
    )


def _is_asset_id(value: Any) -> bool:
    return isinstance(value, str) and bool(ASSET_ID.fullmatch(value))


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute: what is right for it, and what it is when it is left out (none: it must be there)."""

    check: Check
    default: Any = None


@dataclass(frozen=True, slots=True)
class Node:
    """A node: what it may hold, whether it must hold something, what it must begin with."""

    holds: frozenset[str] = frozenset()
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    needs: bool = False
    first: str | None = None


INLINE: Final = frozenset({"text", "hardBreak"})
_LISTS = frozenset({"bulletList", "orderedList"})
_FLOW = frozenset({"paragraph"}) | _LISTS
_TOP = _FLOW | {"heading", "blockquote", "image", "imagePlaceholder", "table", "callout"}
_CELL = {"colspan": Attribute(_whole(1, MOST_COLUMNS), 1), "rowspan": Attribute(_whole(1, MOST_ROWS), 1)}

NODES: Final[Mapping[str, Node]] = MappingProxyType(
    {
        "doc": Node(_TOP),
        "paragraph": Node(INLINE),
        "heading": Node(INLINE, {"level": Attribute(_whole(2, 3))}),
        "bulletList": Node(frozenset({"listItem"}), needs=True),
        "orderedList": Node(
            frozenset({"listItem"}), {"start": Attribute(_whole(0, MOST_START), 1)}, needs=True
        ),
        "listItem": Node(_FLOW, needs=True, first="paragraph"),
        "blockquote": Node(_FLOW, needs=True),
        "callout": Node(_FLOW, {"tone": Attribute(lambda value: value in TONES, "info")}, needs=True),
        "hardBreak": Node(),
        "text": Node(),
        "image": Node(
            attributes={
                "assetId": Attribute(_is_asset_id),
                "alt": Attribute(_text(MOST_ALT), ""),
                "caption": Attribute(_text(MOST_CAPTION), ""),
            }
        ),
        "imagePlaceholder": Node(
            attributes={"origin": Attribute(_text(MOST_ORIGIN), ""), "alt": Attribute(_text(MOST_ALT), "")}
        ),
        "table": Node(frozenset({"tableRow"}), needs=True),
        "tableRow": Node(frozenset({"tableHeader", "tableCell"})),
        "tableHeader": Node(_FLOW, _CELL, needs=True),
        "tableCell": Node(_FLOW, _CELL, needs=True),
    }
)

MARKS: Final[Mapping[str, Mapping[str, Attribute]]] = MappingProxyType(
    {"link": {"href": Attribute(is_href)}, "bold": {}, "italic": {}}
)
