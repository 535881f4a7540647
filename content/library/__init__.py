"""The starting library: articles, topics and drawn covers that come with the product.

They are put in as an editor's and reviewers' work, by people who exist; see `loading`. What the articles
state, and where it is from, is in SOURCES.md.
"""

from content.library.loading import Done, LibraryRefused, Team, approve, count_missing, load_library
from content.library.pieces import Piece, id_of, read_pieces, read_topics

__all__ = [
    "Done",
    "LibraryRefused",
    "Piece",
    "Team",
    "approve",
    "count_missing",
    "id_of",
    "load_library",
    "read_pieces",
    "read_topics",
]
