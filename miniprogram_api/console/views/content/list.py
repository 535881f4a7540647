"""The articles of somebody's desk, to find one among them; and those in the bin."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from content.errors import ArticleMissing
from content.queries.desk_list import DeskFilter, DeskRow, list_deleted, list_desk_articles, list_places
from content.queries.desk_topics import list_topic_names
from content.queries.submissions import STANDING
from content.service import ArticleKind, Standing, SubmissionState, drafting
from content.service.managed import lock_managed_article
from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.content import ArticleFilter
from miniprogram_api.console.forms.fields import picks
from miniprogram_api.console.pages import done, page
from miniprogram_api.console.words import content as words
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.paging import Page
from miniprogram_api.web.schemas import parse_id

_PER_PAGE = 20
_WRITE = "content.write"
_Filters = list[tuple[str, dict[str, Any]]]
_Step = tuple[str, str, str]  # its label, its page, and the permission that it takes


@dataclass(frozen=True, slots=True)
class Listed:
    """A line of the list: an article with its states in words."""

    article: Any
    title: str
    kind: ArticleKind
    owner: str
    place: str
    sayings: list[words.Saying]
    overdue: bool
    act: tuple[str, str] | None = None  # what the caller can do next, and where
    kept_until: datetime | None = None
    may_restore: bool = False


@console.get("/content/articles")
@signed_in("content.view")
def list_articles() -> Response:
    """Articles in any state, the last saved first, narrowed by the query of the address."""
    form, now = ArticleFilter(request.args), clock.now()
    with reading() as session:
        wanted = _wanted(session, form)
        found = list_desk_articles(
            session,
            current_principal(),
            wanted,
            now=now,
            limit=_PER_PAGE,
            cursor=request.args.get("cursor"),
        )
    return page(
        "content/articles.html",
        articles=Page([_listed(row, now) for row in found.items], found.next_cursor),
        filters=form,
        form=None,
        filtered=wanted != DeskFilter(),
        quick=_quick(),
        may_write=current_principal().may(_WRITE),
        words=words,
        view_functions=current_app.view_functions,
    )


def _quick() -> list[tuple[str, str, bool]]:
    """The filters that people use most, each with its address, and whether it is the one at hand."""
    asked = {name: value for name, value in request.args.items() if value and name != "cursor"}
    own: _Filters = [
        ("我的草稿", {"state": "draft", "mine": "y"}),
        ("我被退回的", {"state": "returned", "mine": "y"}),
    ]
    coming: _Filters = [
        ("待发布", {"state": "approved"}),
        ("已定时", {"state": "planned"}),
        ("逾期", {"state": "overdue"}),
    ]
    publishes = current_principal().may("content.publish")
    wanted: _Filters = [("全部", {}), *(coming + own if publishes else own + coming)]
    return [(label, url_for("console.list_articles", **query), query == asked) for label, query in wanted]


def _wanted(session: Session, form: ArticleFilter) -> DeskFilter:
    """What the address asks for; a part of it that makes no sense asks for nothing."""
    form.topic.choices = picks([("", "全部专题"), *list_topic_names(session)])
    form.place.choices = picks([("", "全部归属"), *list_places(session, current_principal())])
    form.validate()
    asked = {field.name: None if field.errors else field.data or None for field in form}
    return DeskFilter(
        q=asked["q"],
        state=asked["state"],
        kind=ArticleKind(asked["kind"]) if asked["kind"] else None,
        topic_id=UUID(asked["topic"]) if asked["topic"] else None,
        place=asked["place"],
        owner_id=current_principal().id if asked["mine"] else None,
    )


def _listed(row: DeskRow, now: datetime) -> Listed:
    sayings = words.say_states(row.article, row.plan, row.submission, now, has_changes=row.has_changes)
    overdue = words.is_overdue(row.plan, now)
    act = _act(row)
    return Listed(row.article, row.title, row.kind, row.owner, row.place, sayings, overdue, act)


def _act(row: DeskRow) -> tuple[str, str] | None:
    """The next step of an article, for who may take it; what changed, where nobody waits."""
    step = _own_step(row) or _desk_step(row)
    if step is None:
        return None
    label, endpoint, permission = step
    if permission not in row.may:
        return None
    return label, url_for(f"console.{endpoint}", article_id=row.article.id)


def _own_step(row: DeskRow) -> _Step | None:
    """What waits for who answers for the article: a draft to be gone on with, a text that came back."""
    if row.article.owner_id != current_principal().id:
        return None
    state = None if row.submission is None else row.submission.state
    if state is SubmissionState.RETURNED and row.is_news:
        return "去修改", "edit_article", _WRITE
    if row.article.standing is Standing.DRAFT and state not in STANDING:
        return "继续写", "edit_article", _WRITE
    return None


def _desk_step(row: DeskRow) -> _Step | None:
    submission = row.submission
    state = None if submission is None else submission.state
    if state is SubmissionState.APPROVED and row.is_news:
        return "发布" if row.plan is None else "改时间", "publish_article", "content.publish"
    if submission is not None and state is SubmissionState.OPEN:
        return "审核", "review_article", "content.review"
    return ("看改动", "compare_revisions", "content.view") if row.has_changes else None


@console.get("/content/articles/bin")
@signed_in("content.view")
def list_deleted_articles() -> Response:
    """Drafts that were deleted less than thirty days ago."""
    principal, now = current_principal(), clock.now()
    with reading() as session:
        found = list_deleted(session, principal, now=now, limit=_PER_PAGE, cursor=request.args.get("cursor"))
    rows = [
        Listed(
            row.article,
            row.title,
            row.kind,
            row.owner,
            row.place,
            [],
            False,
            kept_until=(row.article.deleted_at or now) + drafting.KEPT_IN_BIN,
            may_restore=_WRITE in row.may,
        )
        for row in found.items
    ]
    return page("content/deleted.html", articles=Page(rows, found.next_cursor))


@console.post("/content/articles/<string:article_id>/delete")
@signed_in(_WRITE)
def delete_article(article_id: str) -> Response:
    """Put a draft that was never shown into the bin."""
    with atomic() as session:
        article = lock_managed_article(session, current_principal(), _WRITE, parse_id(article_id))
        drafting.delete_article(session, article, actor=current_actor(), now=clock.now())
        title = article.title
    told = f"草稿《{title or '还没有标题'}》已删除，30 天内可以在回收站恢复。"
    return done(url_for("console.list_deleted_articles"), told)


@console.post("/content/articles/<string:article_id>/put-back")
@signed_in(_WRITE)
def put_back_article(article_id: str) -> Response:
    """Take it out again; nothing happens to one that is not in there."""
    principal, wanted = current_principal(), parse_id(article_id)
    with atomic() as session:
        try:
            article = lock_managed_article(session, principal, _WRITE, wanted, binned=True)
        except ArticleMissing:
            article = lock_managed_article(session, principal, _WRITE, wanted)
        drafting.put_back(session, article, actor=current_actor(), now=clock.now())
        address, title = url_for("console.show_article", article_id=article.id), article.title
    return done(address, f"草稿《{title or '还没有标题'}》已恢复。")
