"""Articles and topics for everybody: the feed with its filters and search, an article, topics."""

import functools
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from flask import request
from sqlalchemy.orm import Session

from content.queries import topics
from content.queries.article import get_article_page
from content.queries.cards import list_popular
from content.queries.feed import ArticleSearch, list_articles
from content.rules.suggesting import find_nearby
from content.schemas import public as wire
from content.schemas import public_examples as examples
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import reading
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import public
from miniprogram_api.web.limits import limited
from miniprogram_api.web.prepared import kept, prepared
from miniprogram_api.web.schemas import Paging, parse_id

blp = Routes("articles", __name__, url_prefix="/api/v1", description="Low-carbon articles and their topics")
View = TypeVar("View", bound=Callable[..., Any])

_LIST = wire.ArticlesView()
_PAGE = wire.ArticleView()
_TOPICS = wire.TopicsView()
_TOPIC = wire.TopicPageView()
_POPULAR, _WORDS_FROM = 3, 200


@limited("search", "30/minute", per="ip")
def _count_search() -> None:
    """Counts; a search costs more than a list."""


def _searches_limited(view: View) -> View:
    @functools.wraps(view)
    def counted(*args: Any, **kwargs: Any) -> Any:
        if request.args.get("q"):
            _count_search()
        return view(*args, **kwargs)

    return counted  # type: ignore[return-value]  # same signature as the view


@blp.get("/articles")
@public
@limited("availability", "120/minute", per="ip")
@_searches_limited
@blp.response(HTTPStatus.OK, wire.ArticlesView, example=examples.ARTICLES)
@prepared
@blp.arguments(wire.ArticleFilter, location="query")
def list_public_articles(query: dict[str, Any]) -> Any:
    """Articles: the pinned first, then the newest; with `q` the best match first, a title weighing more."""
    limit, cursor = query.pop("limit"), query.pop("cursor")
    wanted = ArticleSearch(**query | {"q": (query["q"] or "").strip() or None})
    with reading() as session:
        found = list_articles(session, wanted, limit=limit, cursor=cursor, now=clock.now())
        is_lost = wanted.q is not None and cursor is None and not found.items
        suggestions = _suggest(session, wanted.q or "") if is_lost else None
    return _LIST.dump({"items": found.items, "next_cursor": found.next_cursor, "suggestions": suggestions})


def _suggest(session: Session, words: str) -> dict[str, Any]:
    """What most people read, and words like these in its titles, technologies and topics."""
    popular = kept("popular articles", lambda: list_popular(session, limit=_WORDS_FROM, now=clock.now()))
    nearby = find_nearby(words, (name for article in popular for name in article.names))
    return {"popular": [article.card for article in popular[:_POPULAR]], "query": nearby}


@blp.get("/articles/<string:article_id>")
@public
@limited("availability", "120/minute", per="ip")
@blp.response(HTTPStatus.OK, wire.ArticleView, example=examples.ARTICLE)
@blp.alt_response(HTTPStatus.GONE, "GONE")
@prepared
def show_article(article_id: str) -> Any:
    """An article; 410 with its title when it was retracted or has expired, 404 when it was never shown."""
    with reading() as session:
        return _PAGE.dump(get_article_page(session, parse_id(article_id), now=clock.now()))


@blp.get("/topics")
@public
@limited("availability", "120/minute", per="ip")
@blp.response(HTTPStatus.OK, wire.TopicsView, example=examples.TOPICS)
@prepared
def list_public_topics() -> Any:
    """Every topic, in the order staff gave them."""
    with reading() as session:
        return _TOPICS.dump({"items": topics.list_topics(session), "next_cursor": None})


@blp.get("/topics/<string:topic_id>")
@public
@limited("availability", "120/minute", per="ip")
@blp.response(HTTPStatus.OK, wire.TopicPageView, example=examples.TOPIC_PAGE)
@prepared
@blp.arguments(Paging, location="query")
def show_topic(paging: dict[str, Any], topic_id: str) -> Any:
    """A topic with its reading list: the pinned articles first, then the newest."""
    with reading() as session:
        topic = topics.get_topic(session, parse_id(topic_id))
        found = list_articles(session, ArticleSearch(topic=topic.id), now=clock.now(), **paging)
        shown = {name: getattr(topic, name) for name in ("id", "name", "summary", "cover", "articles")}
        return _TOPIC.dump({**shown, "items": found.items, "next_cursor": found.next_cursor})
