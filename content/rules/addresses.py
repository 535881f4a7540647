"""Where articles and their pictures are found: here, and in the mini-program."""

from uuid import UUID

MEDIA = "/media/"
ARTICLE_PAGE = "pages/article/index"


def article_path(article_id: UUID) -> str:
    """An article on this host."""
    return f"/api/v1/articles/{article_id}"


def share_path(article_id: UUID) -> str:
    """An article in the mini-program, as a message or a link opens it."""
    return f"{ARTICLE_PAGE}?id={article_id}"


def scene_of(article_id: UUID) -> str:
    """What a mini-program code says of an article: its id without hyphens, all that fits in."""
    return article_id.hex
