"""An article as the official account takes it: cut to its limits, with pictures that were uploaded there."""

import re
from collections.abc import Mapping
from html import unescape

MOST_TITLE, MOST_AUTHOR, MOST_DIGEST, MOST_CONTENT = 32, 16, 120, 19_999
_IMAGE = re.compile(r"<img\b[^>]*>")
_ATTRIBUTE = re.compile(r'\b(src|alt)="([^"]*)"')
_DRESSING = re.compile(r' (?:class|id|role|aria-label|tabindex|loading|decoding|sizes|srcset|rel)="[^"]*"')
_OUTCOMES = {
    2: "original_check_failed",
    3: "publishing_failed",
    4: "audit_refused",
    5: "deleted_there",
    6: "banned_there",
}
DONE, RUNNING = 0, 1


def cut(text: str, most: int) -> str:
    """A text within a limit; what is cut off shows."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def content_of(html: str, addresses: Mapping[str, str]) -> str:
    """Our HTML for the official account: its own pictures, links as they are, none of what dresses our pages.

    `addresses` are the account's by ours; a picture that has none is left out, as the account would.
    """

    def replaced(found: re.Match[str]) -> str:
        given = dict(_ATTRIBUTE.findall(found[0]))
        address = addresses.get(unescape(given.get("src", "")))
        return f'<img src="{address}" alt="{given.get("alt", "")}">' if address else ""

    return _DRESSING.sub("", _IMAGE.sub(replaced, html))


def outcome_of(status: int) -> str:
    """A word for how a publication failed, by WeChat's number."""
    return _OUTCOMES.get(status, f"status_{status}")
