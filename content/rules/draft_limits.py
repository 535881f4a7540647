"""What a draft must keep to so that it can be kept at all; what is missing in it is no concern here."""

import re
from collections.abc import Iterator
from uuid import UUID

from content.errors import DraftRefused
from content.rules.drafts import MOST_SUMMARY, MOST_TITLE, Draft
from content.rules.quiz_checks import malformed
from miniprogram_api.kernel.errors import FieldError

MOST_BYLINE, MOST_SOURCE, MOST_URL = 40, 60, 300
MOST_TOPICS, MOST_SITES, MOST_TECHNOLOGIES, MOST_TECHNOLOGY = 8, 20, 12, 20

_TEXTS = {
    "title": MOST_TITLE,
    "summary": MOST_SUMMARY,
    "byline": MOST_BYLINE,
    "source_name": MOST_SOURCE,
    "source_url": MOST_URL,
}
_LISTS = {
    "topic_ids": MOST_TOPICS,
    "site_ids": MOST_SITES,
    "technologies": MOST_TECHNOLOGIES,
}
# PostgreSQL keeps no NUL in a text, and nothing writes half a surrogate pair.
_UNREADABLE = re.compile("[\ud800-\udfff\x00]")


def check_draft(draft: Draft) -> None:
    """Raises DraftRefused naming each field that is too long, no identifier, or not text.

    The body is `rendering`'s to look at.
    """
    wrong = [*_lengths(draft), *_ids(draft), *_characters(draft), *malformed(draft.quiz)]
    if wrong:
        raise DraftRefused(fields=wrong)


def _lengths(draft: Draft) -> Iterator[FieldError]:
    for name, most in _TEXTS.items():
        if len(getattr(draft, name)) > most:
            yield FieldError(name, "content.too_long", {"most": most})
    for name, most in _LISTS.items():
        if len(getattr(draft, name)) > most:
            yield FieldError(name, "content.too_many", {"most": most})
    if any(len(technology) > MOST_TECHNOLOGY for technology in draft.technologies):
        yield FieldError("technologies", "content.too_long", {"most": MOST_TECHNOLOGY})


def _ids(draft: Draft) -> Iterator[FieldError]:
    for name in ("topic_ids", "site_ids"):
        if not all(map(_is_id, getattr(draft, name))):
            yield FieldError(name, "content.not_an_id")
    if draft.cover_asset_id is not None and not _is_id(draft.cover_asset_id):
        yield FieldError("cover_asset_id", "content.not_an_id")


def _is_id(text: str) -> bool:
    """Whether it is an id as we write ids."""
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _characters(draft: Draft) -> Iterator[FieldError]:
    for name in _TEXTS:
        if _UNREADABLE.search(getattr(draft, name)):
            yield FieldError(name, "content.unreadable")
    if any(map(_UNREADABLE.search, draft.technologies)):
        yield FieldError("technologies", "content.unreadable")
