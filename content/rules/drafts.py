"""What an editor has written, as one value: everything that is reviewed, and its hash."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from content.models import ArticleKind, Audience, ContentClass

MOST_TITLE, MOST_SUMMARY = 64, 120
EMPTY_BODY: Mapping[str, Any] = {"type": "doc", "content": []}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A text with all that belongs to it. It may be incomplete; ids are texts.

    `body` is a document of `rendering.schema`, `quiz` the questions of `rules.quiz`.
    """

    title: str
    kind: ArticleKind
    body: Mapping[str, Any]
    summary: str = ""
    content_class: ContentClass = ContentClass.NORMAL
    audience: Audience = Audience.EVERYONE
    cover_asset_id: str | None = None
    topic_ids: Sequence[str] = ()
    site_ids: Sequence[str] = ()
    technologies: Sequence[str] = ()
    byline: str = ""
    source_name: str = ""
    source_url: str = ""
    quiz: Sequence[Mapping[str, Any]] = ()

    @property
    def content_hash(self) -> str:
        """SHA-256 in hex over everything above, in one spelling: the same text always has the same hash."""
        spelled = json.dumps(asdict(self), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(spelled.encode()).hexdigest()
