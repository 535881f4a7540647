"""The revisions of an article: each as it reads, any two compared, any one made the latest again."""

from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from content.errors import RevisionMissing
from content.service import Article, Plan, Revision, drafting
from content.service.managed import get_managed_article, lock_managed_article
from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.pages import done, page
from miniprogram_api.console.views.content.comparing import compare_texts
from miniprogram_api.console.views.content.showing import may_at, names_of, show_text
from miniprogram_api.console.words import content as words
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.paging import page as read_page
from miniprogram_api.web.schemas import parse_id

_VIEW, _WRITE = "content.view", "content.write"
_PER_PAGE = 30


def _look_at(session: Session, article_id: str) -> Article:
    return get_managed_article(session, current_principal(), _VIEW, parse_id(article_id))


def find_revision(session: Session, article: Article, revision_id: str | UUID) -> Revision:
    """A revision of the article by its id. Raises RevisionMissing."""
    found = session.get(Revision, parse_id(str(revision_id)))
    if found is None or found.article_id != article.id:
        raise RevisionMissing
    return found


@console.get("/content/articles/<string:article_id>/revisions")
@signed_in(_VIEW)
def list_revisions(article_id: str) -> Response:
    """Every save that changed something, the last first."""
    with reading() as session:
        article = _look_at(session, article_id)
        found = read_page(
            session,
            select(Revision).where(Revision.article_id == article.id),
            [Revision.number],
            limit=_PER_PAGE,
            cursor=request.args.get("cursor"),
            descending=True,
        )
        names = names_of(session, *found.items)
        plan = session.get(Plan, article.id)
    before = article.live_revision_id or (found.items[1].id if len(found.items) > 1 else None)
    return page(
        "content/revisions.html", article=article, revisions=found, names=names, plan=plan, before_id=before
    )


@console.get("/content/articles/<string:article_id>/revisions/<string:revision_id>")
@signed_in(_VIEW)
def show_revision(article_id: str, revision_id: str) -> Response:
    """What an article said when it was saved."""
    with reading() as session:
        article = _look_at(session, article_id)
        revision = find_revision(session, article, revision_id)
        shown = show_text(session, revision)
        names = names_of(session, revision)
        may_restore = may_at(session, _WRITE, article) and revision.number != article.latest_number
    return page(
        "content/revision.html",
        article=article,
        revision=revision,
        shown=shown,
        names=names,
        may_restore=may_restore,
        words=words,
    )


@console.get("/content/articles/<string:article_id>/compare")
@signed_in(_VIEW)
def compare_revisions(article_id: str) -> Response:
    """What changed from one revision to another; without a choice since what is shown, else the last two."""
    with reading() as session:
        article = _look_at(session, article_id)
        before, after = _pair(session, article)
        names = names_of(session, before, after)
        named = show_text(session, after, before=before).names
    changes = compare_texts(before, after, named)
    return page(
        "content/compare.html", article=article, before=before, after=after, compared=changes, names=names
    )


def _pair(session: Session, article: Article) -> tuple[Revision, Revision]:
    asked: dict[str, Any] = {name: request.args.get(name) for name in ("before", "after")}
    if asked["before"] and asked["after"]:
        first, second = (find_revision(session, article, each) for each in asked.values())
    else:
        live = session.get(Revision, article.live_revision_id) if article.live_revision_id else None
        newest = select(Revision).where(Revision.article_id == article.id).order_by(Revision.number.desc())
        last = session.scalars(newest.limit(2)).all()
        first, second = last[-1], last[0]
        if live is not None and live.number < second.number:
            first = live
    return (first, second) if first.number <= second.number else (second, first)


@console.post("/content/articles/<string:article_id>/revisions/<string:revision_id>/restore")
@signed_in(_WRITE)
def restore_revision(article_id: str, revision_id: str) -> Response:
    """Make what an earlier revision said the latest text."""
    principal = current_principal()
    with atomic() as session:
        article = lock_managed_article(session, principal, _WRITE, parse_id(article_id))
        earlier = find_revision(session, article, revision_id)
        restored = drafting.restore_revision(
            session,
            article,
            earlier.number,
            staff_id=principal.id,
            actor=current_actor(),
            now=clock.now(),
        )
        told = f"第 {earlier.number} 版已恢复成第 {restored.number} 版，线上内容不变。"
    return done(url_for("console.show_article", article_id=article.id), told)
