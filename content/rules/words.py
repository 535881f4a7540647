"""What kinds and audiences of articles are called, and how long reading one takes."""

from collections.abc import Mapping
from types import MappingProxyType

from content.models import ArticleKind, Audience

KINDS: Mapping[ArticleKind, str] = MappingProxyType(
    {ArticleKind.KNOWLEDGE: "知识", ArticleKind.NEWS: "资讯", ArticleKind.TECHNOLOGY: "技术"}
)
AUDIENCES: Mapping[Audience, str] = MappingProxyType(
    {
        Audience.EVERYONE: "所有人",
        Audience.SCHOOLS: "学校师生",
        Audience.COMMUNITIES: "社区居民",
        Audience.VISITORS: "参观者",
    }
)
_CHARACTERS_A_MINUTE = 400


def reading_minutes(characters: int) -> int:
    """How many minutes a text of so many characters takes, one at least."""
    return max(1, -(-characters // _CHARACTERS_A_MINUTE))
