"""The wire format of articles and topics for everybody."""

from typing import Any

from marshmallow import fields, validate

from content.models import ArticleKind, Audience
from content.rendering import anchor
from content.rules.addresses import MEDIA, article_path, share_path
from content.rules.words import AUDIENCES, KINDS
from miniprogram_api.web.schemas import Id, Instant, Paging, Schema

_SHARED_FROM = 480


class ArticleFilter(Paging):
    """What the list of articles can be narrowed by."""

    kind = fields.Enum(ArticleKind, by_value=True, load_default=None)
    topic = Id(load_default=None)
    site = Id(load_default=None)
    technology = fields.String(
        load_default=None, validate=validate.Length(min=1, max=60), metadata={"example": "光伏"}
    )
    audience = fields.Enum(Audience, by_value=True, load_default=None)
    q = fields.String(load_default=None, validate=validate.Length(max=60), metadata={"example": "碳普惠"})


class _WidthView(Schema):
    url = fields.String(required=True)
    width = fields.Integer(required=True)


class CoverView(Schema):
    """A picture in several widths, the narrowest first."""

    url = fields.Function(lambda cover: f"{MEDIA}{cover.file_name}", metadata={"type": "string"})
    srcset = fields.Method("_widths", metadata={"type": "array", "items": {"type": "object"}})
    width = fields.Integer(required=True)
    height = fields.Integer(required=True)
    alt = fields.String(required=True)
    source = fields.String(required=True)

    def _widths(self, cover: Any) -> list[dict[str, Any]]:
        return widths_of(cover)


def widths_of(cover: Any) -> list[dict[str, Any]]:
    """The sizes of a picture and itself, the narrowest first."""
    all_sizes = sorted([*cover.sizes, (cover.file_name, cover.width)], key=lambda size: int(size[1]))
    return [{"url": f"{MEDIA}{name}", "width": width} for name, width in all_sizes]


class _CountsView(Schema):
    """Added up once a minute."""

    reads = fields.Integer(required=True)
    likes = fields.Integer(required=True)
    favourites = fields.Integer(required=True)


class CardView(Schema):
    """An article in a list."""

    id = fields.String(required=True)
    kind = fields.Enum(ArticleKind, by_value=True, required=True)
    kind_name = fields.Function(lambda card: KINDS[card.kind], metadata={"type": "string"})
    title = fields.String(required=True)
    summary = fields.String(required=True)
    cover = fields.Nested(CoverView, required=True, allow_none=True)
    pinned = fields.Boolean(required=True)
    published_at = Instant(required=True)
    reading_minutes = fields.Integer(required=True)
    counts = fields.Nested(_CountsView, required=True)


class _SuggestionsView(Schema):
    """What to offer where nothing was found: what most people read, and words that do find something."""

    popular = fields.List(fields.Nested(CardView), required=True)
    query = fields.String(required=True, allow_none=True)


class ArticlesView(Schema):
    """A page of articles; `suggestions` only where words were looked for and nothing was found."""

    items = fields.List(fields.Nested(CardView), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
    suggestions = fields.Nested(_SuggestionsView, required=True, allow_none=True)


class _NamedView(Schema):
    id = fields.String(required=True)
    name = fields.String(required=True)


class _SourceView(Schema):
    """Where the text or its facts are from."""

    name = fields.String(required=True)
    url = fields.String(required=True, allow_none=True)


class _HeadingView(Schema):
    """A heading; `id` is its anchor in `html`, `block` where it begins in `blocks`."""

    id = fields.Function(lambda heading: anchor(heading.block), metadata={"type": "string"})
    level = fields.Integer(required=True)
    text = fields.String(required=True)
    block = fields.Integer(required=True)


class _OptionView(Schema):
    id = fields.String(required=True)
    text = fields.String(required=True)


class QuestionView(Schema):
    """A question without its answer; `several` options are to be chosen, or one."""

    id = fields.String(required=True)
    text = fields.String(required=True)
    several = fields.Boolean(required=True)
    options = fields.List(fields.Nested(_OptionView), required=True)


class _ShareView(Schema):
    """What the mini-program shares: a title, its own page, and a small picture."""

    title = fields.String(required=True)
    path = fields.String(required=True)
    image_url = fields.String(required=True, allow_none=True)


class ArticleView(Schema):
    """An article's page: `blocks` for the mini-program, `html` for the web, `text` to be read aloud."""

    id = fields.String(required=True, attribute="article.id")
    kind = fields.Enum(ArticleKind, by_value=True, required=True, attribute="article.kind")
    kind_name = fields.Function(lambda page: KINDS[page.article.kind], metadata={"type": "string"})
    title = fields.String(required=True, attribute="article.title")
    summary = fields.String(required=True, attribute="article.summary")
    cover = fields.Nested(CoverView, required=True, allow_none=True)
    pinned = fields.Boolean(required=True, attribute="article.pinned")
    published_at = Instant(required=True, attribute="article.published_at")
    changed_at = Instant(required=True, allow_none=True)
    reading_minutes = fields.Integer(required=True)
    counts = fields.Nested(_CountsView, required=True)
    audience = fields.Enum(Audience, by_value=True, required=True)
    audience_name = fields.Function(lambda page: AUDIENCES[page.audience], metadata={"type": "string"})
    byline = fields.String(required=True, attribute="revision.byline")
    source = fields.Method("_source", metadata={"type": ["object", "null"]})
    topics = fields.List(fields.Nested(_NamedView), required=True)
    sites = fields.List(fields.Nested(_NamedView), required=True)
    technologies = fields.List(fields.String(), required=True, attribute="revision.technologies")
    outline = fields.List(fields.Nested(_HeadingView), required=True)
    blocks = fields.List(fields.Dict(keys=fields.String()), required=True)
    html = fields.String(required=True)
    text = fields.String(required=True)
    quiz = fields.List(fields.Nested(QuestionView), required=True)
    related = fields.List(fields.Nested(CardView), required=True)
    share = fields.Method("_share", metadata={"type": "object"})
    poster_url = fields.Function(
        lambda page: f"{article_path(page.article.id)}/poster.png", metadata={"type": "string"}
    )

    def _source(self, page: Any) -> dict[str, Any] | None:
        name, url = page.revision.source_name, page.revision.source_url
        return {"name": name, "url": url or None} if name else None

    def _share(self, page: Any) -> dict[str, Any]:
        wide_enough = (
            size["url"]
            for size in (widths_of(page.cover) if page.cover else ())
            if size["width"] >= _SHARED_FROM
        )
        return {
            "title": page.article.title,
            "path": share_path(page.article.id),
            "image_url": next(wide_enough, None),
        }


class TopicView(Schema):
    """A topic, and how many articles stand under it."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    summary = fields.String(required=True)
    cover = fields.Nested(CoverView, required=True, allow_none=True)
    articles = fields.Integer(required=True)


class TopicsView(Schema):
    """Topics in their order."""

    items = fields.List(fields.Nested(TopicView), required=True)
    next_cursor = fields.String(required=True, allow_none=True)


class TopicPageView(TopicView):
    """A topic with a page of its articles."""

    items = fields.List(fields.Nested(CardView), required=True)
    next_cursor = fields.String(required=True, allow_none=True)
