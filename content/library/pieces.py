"""The articles of the library as they lie in files: a head in TOML between `+++`, then Markdown.

Links between articles name a key, `[…](article:six-types)`, which has the same id in every installation.
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

from content.models import ArticleKind, Audience, ContentClass
from content.rendering import from_markdown

FOLDER = Path(__file__).parent
BYLINE = "小程序编辑部"

_LINK = re.compile(r"\(article:([a-z0-9-]+)\)")
_FIGURE = re.compile(
    r'^!\[(?P<alt>[^\]]+)\]\(pictures/(?P<name>[a-z0-9-]+)\.jpg "(?P<caption>[^"]+)"\)$', re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture and what is said of it: to those who do not see it, and below it."""

    name: str
    alt: str
    caption: str

    @property
    def path(self) -> Path:
        return FOLDER / "pictures" / f"{self.name}.jpg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """An article of the library."""

    key: str
    order: int  # the highest is published last, and so stands first
    title: str
    kind: ArticleKind
    summary: str
    content_class: ContentClass
    audience: Audience
    topics: Sequence[str]
    technologies: Sequence[str]
    source_name: str
    source_url: str
    quiz: Sequence[Mapping[str, Any]]
    cover: Figure
    figures: Sequence[Figure]
    markdown: str

    @property
    def id(self) -> UUID:
        """The id of the article in every installation."""
        return id_of(self.key)

    def body(self, pictures: Mapping[str, str]) -> dict[str, Any]:
        """The document, with pictures of these ids by their names."""
        made = from_markdown(_LINK.sub(lambda link: f"(article:{id_of(link[1])})", self.markdown)).document
        told = {figure.name: figure for figure in self.figures}
        return made | {"content": [_placed(node, told, pictures) for node in made["content"]]}


@dataclass(frozen=True, slots=True)
class PlannedTopic:
    """A topic of the library."""

    key: str
    name: str
    summary: str
    cover: str  # the key of an article whose cover it shares


def id_of(key: str) -> UUID:
    """The id that the article of this key has: before those made at any time, for lists that follow ids."""
    return UUID(bytes=bytes(6) + uuid5(NAMESPACE_URL, f"changchun-low-carbon:library:{key}").bytes[6:])


@cache
def read_pieces() -> tuple[Piece, ...]:
    """Every article, in the order in which they are published."""
    found = (_read(path) for path in (FOLDER / "articles").glob("*.md"))
    return tuple(sorted(found, key=lambda piece: (piece.order, piece.key)))


@cache
def read_topics() -> tuple[PlannedTopic, ...]:
    """Every topic, in the order in which they are shown."""
    told = tomllib.loads((FOLDER / "topics.toml").read_text(encoding="utf-8"))
    return tuple(PlannedTopic(key=key, **topic) for key, topic in told.items())


def _read(path: Path) -> Piece:
    _, head, text = path.read_text(encoding="utf-8").split("+++\n", 2)
    told = tomllib.loads(head)
    return Piece(
        key=path.stem,
        order=told["order"],
        title=told["title"],
        kind=ArticleKind(told["kind"]),
        summary=told["summary"],
        content_class=ContentClass(told.get("content_class", "normal")),
        audience=Audience(told["audience"]),
        topics=tuple(told["topics"]),
        technologies=tuple(told["technologies"]),
        source_name=told["source_name"],
        source_url=told.get("source_url", ""),
        quiz=[_question(number, question) for number, question in enumerate(told.get("quiz", ()), start=1)],
        cover=Figure(path.stem, told["cover_alt"], ""),
        figures=tuple(Figure(**found.groupdict()) for found in _FIGURE.finditer(text)),
        markdown=text.strip(),
    )


def _question(number: int, told: Mapping[str, Any]) -> dict[str, Any]:
    """A question as `rules.quiz` has it; in the file, options are counted from 1."""
    letters = "abcdef"
    return {
        "id": f"q{number}",
        "text": told["question"],
        "options": [
            {"id": letter, "text": text} for letter, text in zip(letters, told["options"], strict=False)
        ],
        "right": [letters[place - 1] for place in told["right"]],
        "explanation": told["explanation"],
    }


def _placed(
    node: dict[str, Any], figures: Mapping[str, Figure], pictures: Mapping[str, str]
) -> dict[str, Any]:
    """The picture where the import has left a place for it."""
    if node["type"] != "imagePlaceholder":
        return node
    figure = figures[node["attrs"]["origin"].removeprefix("pictures/").removesuffix(".jpg")]
    return {
        "type": "image",
        "attrs": {"assetId": pictures[figure.name], "alt": figure.alt, "caption": figure.caption},
    }
