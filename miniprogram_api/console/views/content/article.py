"""The page of an article: what the public sees, what is worked on, what is missing, and what can be done."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from content.errors import TextChanged
from content.queries.desk_article import DeskArticle, get_desk_article, list_sent
from content.queries.desk_list import names_of_places
from content.queries.readiness import list_open_points
from content.queries.submissions import STANDING, list_decisions
from content.service import (
    Article,
    ArticleCount,
    Decision,
    Plan,
    Review,
    Standing,
    Submission,
    SubmissionState,
    WordList,
    drafting,
    reviewing,
)
from content.service import words as word_service
from content.service.managed import get_managed_article, latest_revision, lock_managed_article
from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.acting import Act, act_page
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.content import OverrideForm
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.views.content import marking
from miniprogram_api.console.views.content.showing import names_of, progress_of, show_text
from miniprogram_api.console.words import content as words
from miniprogram_api.console.words import say_instant
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.web import messages
from miniprogram_api.web.schemas import parse_id

_VIEW, _WRITE, _REVIEW, _PUBLISH = "content.view", "content.write", "content.review", "content.publish"


@dataclass(frozen=True, slots=True)
class Acts:
    """What the caller can do about an article as it is now."""

    edit: bool = False
    submit: bool = False
    withdraw: bool = False
    delete: bool = False
    review: bool = False
    publish: bool = False
    unschedule: bool = False
    place: bool = False


@console.get("/content/articles/<string:article_id>")
@signed_in(_VIEW)
def show_article(article_id: str) -> Response:
    """Everything about one article."""
    principal, now = current_principal(), clock.now()
    with reading() as session:
        desk = get_desk_article(session, principal, parse_id(article_id), now=now)
        shown = _look(session, desk, now)
    return page("content/article.html", words=words, **shown)


def _look(session: Session, desk: DeskArticle, now: datetime) -> dict[str, Any]:
    article, submission = desk.article, desk.submission
    reviews = list_decisions(session, submission.id) if submission is not None else []
    acts = _acts(desk, now, reviews)
    open_points = list_open_points(session, article, drafting.draft_of(desk.latest)) if acts.submit else []
    marked = marking.of_open_points(open_points)
    text = show_text(session, desk.latest, {mark.listed for mark in marked})
    pushes, posts = list_sent(session, article.id) if desk.sent else ([], [])
    names = names_of(session, article, desk.latest, submission, *reviews, desk.lock)
    returned = _returned(submission, reviews)
    return {
        "article": article,
        "latest": desk.latest,
        "live": desk.live,
        "plan": desk.plan,
        "is_live": article.standing is Standing.LIVE,
        "shown_version": words.SHOWN_VERSIONS[article.standing.value],
        "has_changes": desk.has_changes,
        "overdue": words.is_overdue(desk.plan, now),
        "failure": _say_failure(desk.plan),
        "public": words.say_public(article),
        "working": words.say_work(article, desk.plan, submission, now, has_changes=desk.has_changes),
        "counts": desk.counts or ArticleCount(reads=0, likes=0, favourites=0),
        "lock": _say_lock(desk, names),
        "returned": returned,
        "same_again": returned is not None and returned.review.content_hash == desk.latest.content_hash,
        "noted": [returned.review.block] if returned else [],
        "progress": progress_of(submission, reviews, names) if _under_way(desk) else [],
        "step": words.say_step(submission.approved_steps) if submission is not None else "",
        "steps": words.say_steps(reviewing.STEPS_OF[desk.latest.content_class].value(session, now)),
        "is_ready": not open_points,
        "checklist": [
            messages.text(each.code, each.params, english=False)
            for each in open_points
            if marking.list_of(each) is None  # these have their own list, with the text around them
        ],
        "open_marks": marked,
        "acts": acts,
        "names": names,
        "place": desk.site_name or names_of_places(session, [article])[article.id],
        "shown": text,
        "pushes": pushes,
        "posts": posts,
        "may_edit_here": "console.edit_article" in current_app.view_functions,
    }


def _under_way(desk: DeskArticle) -> bool:
    """Whether the text put forward last is the one that is worked on and not shown."""
    submission = desk.submission
    return (
        submission is not None
        and submission.content_hash == desk.latest.content_hash
        and (desk.live is None or desk.has_changes or desk.article.standing is not Standing.LIVE)
    )


def _acts(desk: DeskArticle, now: datetime, reviews: list[Review]) -> Acts:
    article, submission, principal = desk.article, desk.submission, current_principal()
    is_new = desk.has_changes or article.standing is not Standing.LIVE
    stands = submission is not None and submission.state in STANDING
    may_write, may_publish = desk.may(principal, _WRITE), desk.may(principal, _PUBLISH)
    is_open = submission is not None and submission.state is SubmissionState.OPEN
    is_approved = submission is not None and submission.state is SubmissionState.APPROVED and is_new
    is_plan = desk.plan is not None
    return Acts(
        edit=may_write and "console.edit_article" in current_app.view_functions,
        submit=may_write and is_new and not stands,
        withdraw=may_write and (is_open or (is_approved and not is_plan)),
        delete=may_write and article.standing is Standing.DRAFT and not is_plan and not stands,
        review=is_open and desk.may(principal, _REVIEW) and _may_decide(desk, reviews),
        publish=may_publish and is_approved,
        unschedule=may_publish and is_plan,
        place=may_publish,
    )


def _may_decide(desk: DeskArticle, reviews: list[Review]) -> bool:
    own = current_principal().id
    part = {desk.article.owner_id, desk.latest.saved_by, *(review.reviewer_id for review in reviews)}
    return own not in part and (desk.submission is None or desk.submission.submitted_by != own)


@dataclass(frozen=True, slots=True)
class Returned:
    """Why a text came back."""

    step: str
    review: Review


def _returned(submission: Submission | None, reviews: list[Review]) -> Returned | None:
    if submission is None or submission.state is not SubmissionState.RETURNED:
        return None
    last = next((each for each in reversed(reviews) if each.decision is Decision.RETURNED), None)
    return None if last is None else Returned(words.STEPS[last.step.value], last)


def _say_failure(plan: Plan | None) -> str:
    return "" if plan is None or plan.failure is None else words.say_failure(plan.failure)


def _say_lock(desk: DeskArticle, names: Mapping[UUID, str]) -> str:
    # One's own is mostly the editor that was just left: it lets go a moment after this page is asked for.
    if desk.lock is None or desk.lock.staff_id == current_principal().id:
        return ""
    who = names[desk.lock.staff_id] or "有人"
    return f"{who}从 {say_instant(desk.lock.taken_at)} 起正在编辑这篇文章。"


@console.post("/content/articles/<string:article_id>/submit")
@signed_in(_WRITE)
def submit_article(article_id: str) -> Response:
    """Put the text that the page showed forward for review."""
    principal = current_principal()
    with atomic() as session:
        article = lock_managed_article(session, principal, _WRITE, parse_id(article_id))
        seen, latest = request.form.get("content_hash"), latest_revision(session, article)
        if seen and seen != latest.content_hash:
            raise TextChanged(content_hash=latest.content_hash)
        submission = reviewing.submit_article(
            session, article, staff_id=principal.id, actor=current_actor(), now=clock.now()
        )
        told = f"《{latest.title}》已送审（{words.say_steps(submission.steps)}）。改动文字会让审核重新开始。"
    return _back(article, told)


def _back(article: Article, told: str) -> Response:
    return done(url_for("console.show_article", article_id=article.id), told)


@console.post("/content/articles/<string:article_id>/withdraw")
@signed_in(_WRITE)
def withdraw_submission(article_id: str) -> Response:
    """Take it back from review."""
    with atomic() as session:
        article = lock_managed_article(session, current_principal(), _WRITE, parse_id(article_id))
        reviewing.withdraw_submission(session, article, actor=current_actor(), now=clock.now())
    return _back(article, f"《{article.title}》已从审核中撤回，可以继续修改。")


@console.route("/content/articles/<string:article_id>/keep-word", methods=["GET", "POST"])
@signed_in(_WRITE)
def keep_word(article_id: str) -> Response:
    """Let a listed word stand in an article, for a reason that is kept."""
    principal = current_principal()
    with reading() as session:
        article = get_managed_article(session, principal, _WRITE, parse_id(article_id))
    form = OverrideForm(data=request.args.to_dict())
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                locked = lock_managed_article(session, principal, _WRITE, article.id)
                word_service.override_mark(
                    session,
                    locked,
                    of=WordList(form.list.data),
                    word=form.word.data,
                    reason=form.reason.data,
                    staff_id=principal.id,
                    actor=current_actor(),
                    now=clock.now(),
                )
            return _back(article, f"“{form.word.data}”可以保留，理由已记下，审核人会看到。")
    back = url_for("console.show_article", article_id=article.id)
    about = (f"《{article.title}》里的“{form.word.data or ''}”在词表里。写明理由可以保留，审核人会看到。",)
    return act_page(Act("保留词表里的词", about, "保留这个词", back, topic="content-words"), form)
