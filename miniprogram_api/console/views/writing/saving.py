"""What the editor asks while somebody writes: to keep the text, who else writes, how it will look."""

import functools
from collections.abc import Callable
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from content import rendering
from content.errors import VersionConflict
from content.queries.pictures import pictures_of
from content.service import Article, Revision, drafting, locks
from content.service.managed import get_managed_article, latest_revision, lock_managed_article
from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.calls import answer, is_call, sent
from miniprogram_api.console.pages import done
from miniprogram_api.console.scope import ids_of
from miniprogram_api.console.views.writing import drafts
from miniprogram_api.console.views.writing.places import WRITE
from miniprogram_api.console.words import say_hours
from miniprogram_api.identity.queries_people import names_of_staff
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.web.schemas import parse_id

_MOST_TAB = 40
View = Callable[[str], Response]


def scripted(view: View) -> View:
    """A call about an article; somebody who comes here without the script is led to the page of it."""

    @functools.wraps(view)
    def called(article_id: str) -> Response:
        if is_call():
            return view(article_id)
        with reading() as session:
            article = get_managed_article(session, current_principal(), WRITE, parse_id(article_id))
        return done(url_for("console.edit_article", article_id=article.id))

    return called


@console.post("/content/articles/<string:article_id>/draft")
@signed_in(WRITE)
@scripted
def save_draft(article_id: str) -> Response:
    """Keep what was written on top of a revision; of another that came meanwhile both texts are told."""
    body = sent()
    draft, base = drafts.read_draft(body), body.get("base")
    with atomic() as session:
        article = lock_managed_article(session, current_principal(), WRITE, parse_id(article_id))
        try:
            saved = drafting.save_revision(
                session,
                article,
                draft,
                base_number=base if isinstance(base, int) else 0,
                staff_id=current_principal().id,
                actor=current_actor(),
                autosaved=body.get("autosaved") is True,
                now=clock.now(),
                principal=current_principal(),
            )
        except VersionConflict as conflict:
            return answer({"code": conflict.code, "latest": _latest(session, article)}, 409)
        points = drafts.open_points(session, article, draft)
        return answer(
            {"number": saved.revision.number, "saved_at": say_hours(clock.now()), "checklist": points}
        )


def _latest(session: Session, article: Article) -> dict[str, Any]:
    """The revision that came meanwhile, maybe from one's own other window, with all that it shows."""
    latest: Revision = latest_revision(session, article)
    draft = drafting.draft_of(latest)
    names = names_of_staff(session, [latest.saved_by])
    return {
        "number": latest.number,
        "draft": drafts.draft_facts(draft),
        "pictures": drafts.pictures_in(session, draft),
        "names": drafts.site_names(session, draft),
        "own": latest.saved_by == current_principal().id,
        "saved_by": names.get(str(latest.saved_by), "同事"),
        "saved_at": say_hours(latest.saved_at),
    }


def _tab() -> str:
    return str(sent().get("tab", ""))[:_MOST_TAB]


@console.post("/content/articles/<string:article_id>/lock")
@signed_in(WRITE)
@scripted
def hold_article(article_id: str) -> Response:
    """Say that a window has the article open, and hear who else has."""
    with atomic() as session:
        article = lock_managed_article(session, current_principal(), WRITE, parse_id(article_id))
        view = locks.hold(session, article, staff_id=current_principal().id, tab=_tab(), now=clock.now())
    if view.is_mine:
        return answer({"other": None})
    other = {"name": view.holder_name, "since": say_hours(view.since), "same_person": view.same_person}
    return answer({"other": other})


@console.post("/content/articles/<string:article_id>/lock/release")
@signed_in(WRITE)
@scripted
def release_article(article_id: str) -> Response:
    """Say that the window is closed."""
    with atomic() as session:
        article = lock_managed_article(session, current_principal(), WRITE, parse_id(article_id))
        locks.release(session, article, staff_id=current_principal().id, tab=_tab())
    return answer({})


@console.post("/content/articles/<string:article_id>/preview")
@signed_in(WRITE)
@scripted
def preview_article(article_id: str) -> Response:
    """A draft as the blocks that a mini-program shows."""
    draft = drafts.read_draft(sent())
    with reading() as session:
        get_managed_article(session, current_principal(), WRITE, parse_id(article_id))
        wanted = ids_of([draft.cover_asset_id, *rendering.asset_ids(draft.body)])
        found = pictures_of(session, wanted)
    pictures = {asset_id: picture for asset_id, (picture, _) in found.items()}
    cover = found.get(draft.cover_asset_id or "")
    return answer(
        {
            "blocks": rendering.to_blocks(draft.body, pictures),
            "cover": drafts.picture_facts(*cover) if cover else None,
        }
    )
