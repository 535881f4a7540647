"""From what an editor wrote to what anybody sees, and the only way there.

A document is TipTap's JSON of the closed list of nodes in `schema`. `validate` refuses anything else; what
the other functions are given has passed it, and they raise for no such document.
"""

from content.errors import DocumentRefused
from content.rendering.blockers import Blocker, blockers, host_allowed
from content.rendering.blocks import to_blocks
from content.rendering.html import anchor, to_html
from content.rendering.markdown import Imported, from_markdown
from content.rendering.pictures import Picture
from content.rendering.spelling import normalised
from content.rendering.text import (
    Heading,
    Link,
    alt_by_block,
    asset_ids,
    characters,
    count_characters,
    first_words,
    link_targets,
    outline,
    text_by_block,
    to_text,
    web_host,
)
from content.rendering.validation import validate

__all__ = [
    "Blocker",
    "DocumentRefused",
    "Heading",
    "Imported",
    "Link",
    "Picture",
    "alt_by_block",
    "anchor",
    "asset_ids",
    "blockers",
    "characters",
    "count_characters",
    "first_words",
    "from_markdown",
    "host_allowed",
    "link_targets",
    "normalised",
    "outline",
    "text_by_block",
    "to_blocks",
    "to_html",
    "to_text",
    "validate",
    "web_host",
]
