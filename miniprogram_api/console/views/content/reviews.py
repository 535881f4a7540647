"""Review: the queue, one text with what it changed and what the word lists say, and the decision about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from content.queries import desk_reviews as queries
from content.queries.desk_reviews import Decided, Waiting
from content.service import Article, Plan, Revision, Step, reviewing
from content.service.managed import get_managed_article, lock_managed_article
from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.content import APPROVE, ReviewForm
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.views.content import comparing, marking
from miniprogram_api.console.views.content.showing import names_of, progress_of, show_text
from miniprogram_api.console.waiting import Waiting as Card
from miniprogram_api.console.waiting import waits
from miniprogram_api.console.words import content as words
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.paging import Page
from miniprogram_api.web.schemas import parse_id

_REVIEW = "content.review"
_MOST_NOTES, _PER_PAGE = 10, 20


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of the queue in words."""

    article: Article
    title: str
    kind: Any
    step: Step
    since: datetime
    submitter: str
    why_not: str


@dataclass(frozen=True, slots=True)
class _Own:
    """A decision of the caller's in words, and where it is taken back while it can be."""

    id: Any
    article_id: Any
    title: str
    said: str
    decided_at: datetime
    note: str | None
    undo: str | None


@console.get("/content/reviews")
@signed_in(_REVIEW)
def list_reviews() -> Response:
    """What waits for a step of review, who waits longest first, and the caller's own last decisions."""
    chosen = request.args.get("step", "")
    step = Step(chosen) if chosen in words.STEPS else None
    principal = current_principal()
    with reading() as session:
        counts = queries.count_waiting(session, principal)
        waiting = queries.list_waiting(
            session, principal, step=step, limit=_PER_PAGE, cursor=request.args.get("cursor")
        )
        decided = queries.list_decided(session, principal.id)
        names = names_of(session, *(each.submission for each in waiting.items))
    return page(
        "content/reviews.html",
        waiting=Page([_line(each, names) for each in waiting.items], waiting.next_cursor),
        counts={each.value: count for each, count in counts.items()},
        chosen=step.value if step else "",
        decided=[_own(each) for each in decided],
        words=words,
    )


def _line(waiting: Waiting, names: Mapping[UUID, str]) -> _Line:
    return _Line(
        waiting.article,
        waiting.title,
        waiting.kind,
        waiting.step,
        waiting.since,
        names[waiting.submission.submitted_by],
        words.say_bar(wrote=waiting.wrote, decided=waiting.decided),
    )


def _own(decided: Decided) -> _Own:
    review = decided.review
    return _Own(
        review.id,
        decided.article.id,
        decided.title,
        f"{words.STEPS[review.step.value]}{words.DECISIONS[review.decision.value][0]}",
        review.decided_at,
        review.note,
        url_for("console.undo_decision", article_id=decided.article.id) if decided.may_undo else None,
    )


@console.route("/content/articles/<string:article_id>/review", methods=["GET", "POST"])
@signed_in(_REVIEW)
def review_article(article_id: str) -> Response:
    """One text under review, and the decision about exactly this text."""
    principal, wanted, form = current_principal(), parse_id(article_id), ReviewForm()
    if request.method == "POST":
        with reading() as session:
            article = get_managed_article(session, principal, _REVIEW, wanted)
        if form.validate() and form.complete():
            with showing_refusals(form):
                return _decide(article, form)
    with reading() as session:
        shown = _look(session, principal, wanted, form)
    return page("content/review.html", form=form, words=words, **shown)


def _decide(article: Article, form: ReviewForm) -> Response:
    principal, now = current_principal(), clock.now()
    approves = form.decision.data == APPROVE
    with atomic() as session:
        waiting = queries.find_waiting(session, principal, article.id)
        following = queries.find_next(session, principal, article.id, waiting)
        locked = lock_managed_article(session, principal, _REVIEW, article.id)
        was_planned = session.get(Plan, locked.id) is not None
        decide: dict[str, Any] = {
            "content_hash": form.content_hash.data or "",
            "step": Step(form.step.data),
            "note": form.note.data or "",
            "reviewer_id": principal.id,
            "actor": current_actor(),
            "now": now,
        }
        if approves:
            reviewing.approve_step(session, locked, **decide)
        else:
            reviewing.return_submission(session, locked, block=form.block.data, **decide)
        is_unplanned = was_planned and session.get(Plan, locked.id) is None
    return _on_from(article, following, approves=approves, is_unplanned=is_unplanned)


def _on_from(article: Article, following: Waiting | None, *, approves: bool, is_unplanned: bool) -> Response:
    """On to the next text, whose page tells what was decided and takes it back; else to the queue."""
    unplanned = "它的定时发布已取消，" if is_unplanned else ""
    if following is None:
        decided = "已通过" if approves else "已退回给作者"
        told = f"《{article.title}》{decided}，{unplanned}没有别的文章等您审了。"
        return done(url_for("console.list_reviews"), told)
    address = url_for("console.review_article", article_id=following.article.id, after=article.id)
    return done(address, f"《{article.title}》的定时发布已取消。" if is_unplanned else None)


@dataclass(frozen=True, slots=True)
class _Last:
    """What was decided a moment ago, on the page of the next text."""

    title: str
    said: str
    undo: str | None


def _look(session: Session, principal: Principal, article_id: UUID, form: ReviewForm) -> dict[str, Any]:
    """Everything that the page of a text shows. Raises ArticleMissing outside the caller's scope."""
    mine = queries.find_waiting(session, principal, article_id)
    article = mine.article if mine else get_managed_article(session, principal, _REVIEW, article_id)
    following = queries.find_next(session, principal, article.id, mine)
    others = mine.others if mine else sum(queries.count_waiting(session, principal).values())
    shown: dict[str, Any] = {
        "article": article,
        "waiting_count": others,
        "next_address": _address(following.article.id) if following else None,
        "last": _last(session, principal),
        "submission": None,
        "step": "审核",
        "why_not": "这篇文章现在不等人审核：可能已经审完、退回，或者作者改了文字。",
        "may_decide": False,
    }
    if mine is None:
        return shown
    return shown | _of_text(session, mine, form)


def _address(article_id: UUID) -> str:
    return url_for("console.review_article", article_id=article_id)


def _of_text(session: Session, mine: Waiting, form: ReviewForm) -> dict[str, Any]:
    submission = mine.submission
    revision = session.get_one(Revision, submission.revision_id)
    marks = marking.marks_of(session, mine.article.id, revision)
    decided = queries.list_standing_reviews(session, mine.article.id)
    reviews = [each for each in decided if each.submission_id == submission.id]
    notes = [each for each in reversed(decided) if each.note][:_MOST_NOTES]
    before, compared_with = comparing.before_of(session, mine.article, submission)
    text = show_text(session, revision, {mark.word for mark in marks}, before=before)
    overrides = [mark.override for mark in marks]
    names = names_of(session, submission, *reviews, *notes, *overrides)
    _fill(form, mine)
    return {
        "submission": submission,
        "revision": revision,
        "step": words.STEPS[mine.step.value],
        "marks": marks,
        "notes": notes,
        "shown": text,
        "progress": progress_of(submission, reviews, names),
        "compared": comparing.compare_texts(before, revision, text.names) if before else None,
        "compared_with": compared_with,
        "names": names,
        "may_decide": mine.may_decide,
        "why_not": words.say_bar(wrote=mine.wrote, decided=mine.decided),
    }


def _fill(form: ReviewForm, mine: Waiting) -> None:
    """The form is about the text that the page shows, also where it comes back with what was wrong."""
    form.content_hash.data, form.step.data = mine.submission.content_hash, mine.step.value


def _last(session: Session, principal: Principal) -> _Last | None:
    """The decision that the address tells the caller comes from."""
    after = request.args.get("after")
    if not after:
        return None
    decided = queries.list_decided(session, principal.id, limit=1)
    if not decided or str(decided[0].article.id) != after:
        return None
    own = _own(decided[0])
    return _Last(own.title, own.said, own.undo)


@console.post("/content/articles/<string:article_id>/review/undo")
@signed_in(_REVIEW)
def undo_decision(article_id: str) -> Response:
    """Take the caller's last decision about an article back."""
    principal = current_principal()
    with atomic() as session:
        article = lock_managed_article(session, principal, _REVIEW, parse_id(article_id))
        reviewing.undo_decision(
            session, article, reviewer_id=principal.id, actor=current_actor(), now=clock.now()
        )
    address = url_for("console.review_article", article_id=article.id)
    return done(address, f"对《{article.title}》的决定已撤回，请重新决定。")


@waits(_REVIEW)
def count_reviews(session: Session, principal: Principal, _now: datetime) -> list[Card]:
    """For each step what the caller may decide about; the card leads to the one that waits longest."""
    due, cards = queries.list_due(session, principal), []
    for step in Step:
        own, label = due.get(step), f"篇待{words.STEPS[step.value]}"
        cards.append(Card(label, own.count, _address(own.article_id)) if own else Card(label, 0, ""))
    return cards
