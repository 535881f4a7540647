"""Publishing what review has passed, after a look at what that means; and taking it back."""

from datetime import datetime, timedelta
from typing import Any

from flask import current_app, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from config.settings import Settings
from content.errors import NotApproved, NotLive, TextChanged
from content.queries.submissions import find_standing_submission
from content.service import (
    Article,
    Plan,
    Revision,
    Standing,
    Submission,
    SubmissionState,
    publishing,
)
from content.service.managed import get_managed_article, lock_managed_article
from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.acting import Act, act_page
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.content import LATER, NOW, PlacingForm, PublishForm, RetractForm
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.previewing import Step, carried, step_at
from miniprogram_api.console.views.content import telling
from miniprogram_api.console.words import last_day, say_ago, say_day, say_instant
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.web import prepared
from miniprogram_api.web.schemas import parse_id

_PUBLISH = "content.publish"


def _look_at(session: Session, article_id: str) -> Article:
    return get_managed_article(session, current_principal(), _PUBLISH, parse_id(article_id))


def _work_on(session: Session, article: Article) -> Article:
    return lock_managed_article(session, current_principal(), _PUBLISH, article.id)


def _back(article: Article, told: str) -> Response:
    """To the article, after everything that was prepared for readers is made anew."""
    prepared.forget()
    return done(url_for("console.show_article", article_id=article.id), told)


def _approved(session: Session, article: Article) -> Submission | None:
    found = find_standing_submission(session, article.id)
    return found if found is not None and found.state is SubmissionState.APPROVED else None


@console.route("/content/articles/<string:article_id>/publish", methods=["GET", "POST"])
@signed_in(_PUBLISH)
def publish_article(article_id: str) -> Response:
    """One choice, at once or at an instant; then what it means; then it is done as it was shown."""
    now, step = clock.now(), step_at()
    with reading() as session:
        article = _look_at(session, article_id)
        submission = _approved(session, article)
        if submission is None:
            raise NotApproved
        revision = session.get_one(Revision, submission.revision_id)
        audience = telling.audience_of(session, revision)
        plan = session.get(Plan, article.id)
    form = PublishForm(data=_proposal(plan, now))
    form.offer_pin(publishing.may_pin(current_principal()))
    form.official.choices = telling.official_choices(_settings())
    if step is not Step.FILL and form.validate() and form.complete(now):
        with showing_refusals(form):
            if form.content_hash.data != submission.content_hash:
                raise TextChanged(content_hash=submission.content_hash)
            if step is Step.APPLY:
                return _apply(article, form, now)
            return page(
                "content/publish_check.html",
                form=None,
                article=article,
                revision=revision,
                is_live=article.standing is Standing.LIVE,
                carried=carried(),
                **_effect(article, form, audience),
            )
    form.content_hash.data = submission.content_hash
    return page(
        "content/publish.html",
        form=form,
        article=article,
        revision=revision,
        is_live=article.standing is Standing.LIVE,
        audience=audience,
    )


def _settings() -> Settings:
    settings: Settings = current_app.extensions["settings"]
    return settings


def _proposal(plan: Plan | None, now: datetime) -> dict[str, Any]:
    """What the form begins with: the plan there is, else tomorrow morning for who chooses to wait."""
    if plan is None:
        return {"when": NOW, "on": (now + timedelta(days=1)).astimezone(BEIJING).date(), "at": 8 * 60}
    at = plan.publish_at.astimezone(BEIJING)
    return {
        "when": LATER,
        "on": at.date(),
        "at": at.hour * 60 + at.minute,
        "pinned": plan.pinned_until is not None,
        "pinned_on": plan.pinned_until and last_day(plan.pinned_until),
        "expires": plan.expires_at is not None,
        "expires_on": plan.expires_at and last_day(plan.expires_at),
        "push": plan.push,
        "official": telling.official_way(_settings()) if plan.official else "",
    }


def _effect(article: Article, form: PublishForm, audience: telling.Audience) -> dict[str, Any]:
    """What the page before the act says, and what its button is called."""
    at = form.publish_at
    label = "立即发布" if article.standing is not Standing.LIVE else "立即替换线上版本"
    return {
        "publish_at": at,
        "pinned_until": form.pinned_until,
        "expires_at": form.expires_at,
        "told": audience.said if form.push.data else "不通知",
        "official": telling.say_official(form.official.data),
        "label": f"定于 {say_instant(at)} 发布" if at else label,
    }


def _apply(article: Article, form: PublishForm, now: datetime) -> Response:
    terms: dict[str, Any] = {
        "content_hash": form.content_hash.data or "",
        "staff_id": current_principal().id,
        "pinned_until": form.pinned_until,
        "expires_at": form.expires_at,
        "push": bool(form.push.data),
        "official": bool(form.official.data),
        "actor": current_actor(),
        "principal": current_principal(),
        "now": now,
    }
    at = form.publish_at
    with atomic() as session:
        locked = _work_on(session, article)
        if at is None:
            publishing.publish_now(session, locked, **terms)
        else:
            publishing.schedule_article(session, locked, publish_at=at, **terms)
    if at is None:
        return _back(article, f"《{article.title}》已发布，小程序里马上能看到。")
    return _back(article, f"《{article.title}》定于 {say_instant(at)} 发布（{say_ago(at)}）。")


@console.post("/content/articles/<string:article_id>/unschedule")
@signed_in(_PUBLISH)
def unschedule_article(article_id: str) -> Response:
    """Take a plan back; the approval stays, so that it can be planned again."""
    with reading() as session:
        article = _look_at(session, article_id)
    with atomic() as session:
        publishing.unschedule_article(session, _work_on(session, article), actor=current_actor())
    return _back(article, "定时发布已取消。审核结果还在，可以重新定时或立即发布。")


@console.route("/content/articles/<string:article_id>/retract", methods=["GET", "POST"])
@signed_in(_PUBLISH)
def retract_article(article_id: str) -> Response:
    """Show it no longer, at once and everywhere."""
    with reading() as session:
        article = _look_at(session, article_id)
    form = RetractForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                publishing.retract_article(
                    session,
                    _work_on(session, article),
                    reason=form.reason.data,
                    actor=current_actor(),
                    now=clock.now(),
                )
            return _back(article, f"《{article.title}》已撤回，小程序里已经看不到。")
    about = (
        f"《{article.title}》会马上从列表、搜索、专题和示范点页面里消失；打开原来网址的人会看到“已撤回”和您写的理由。",
        "要重新发布，需要再次送审。",
    )
    back = url_for("console.show_article", article_id=article.id)
    act = Act(
        f"撤回《{article.title}》",
        about,
        "撤回这篇文章",
        back,
        danger=True,
        topic="content-publish",
        hints={"reason": "市民会看到，例如：数据有误，正在更正。"},
    )
    return act_page(act, form)


@console.route("/content/articles/<string:article_id>/placing", methods=["GET", "POST"])
@signed_in(_PUBLISH)
def change_placing(article_id: str) -> Response:
    """How long what is live is pinned and shown; its text is not touched."""
    now = clock.now()
    with reading() as session:
        article = _look_at(session, article_id)
    if article.standing is not Standing.LIVE:
        raise NotLive
    form = PlacingForm(
        data={
            "pinned": article.pinned,
            "pinned_on": article.pinned_until and last_day(article.pinned_until),
            "expires": article.expires_at is not None,
            "expires_on": article.expires_at and last_day(article.expires_at),
        }
    )
    form.offer_pin(publishing.may_pin(current_principal()))
    if form.validate_on_submit() and form.complete(now):
        with showing_refusals(form):
            with atomic() as session:
                _place(session, _work_on(session, article), form, now)
            return _back(article, _say_placing(form))
    return page("content/placing.html", form=form, article=article)


def _place(session: Session, article: Article, form: PlacingForm, now: datetime) -> None:
    """Change what is different."""
    if "pinned" in form and form.pinned_until != article.pinned_until:
        publishing.set_pin(
            session,
            article,
            until=form.pinned_until,
            actor=current_actor(),
            now=now,
            principal=current_principal(),
        )
    if form.expires_at != article.expires_at:
        publishing.set_expiry(session, article, at=form.expires_at, actor=current_actor(), now=now)


def _say_placing(form: PlacingForm) -> str:
    pinned = f"置顶到 {say_day(last_day(form.pinned_until))}" if form.pinned_until else "不置顶"
    shown = f"显示到 {say_day(last_day(form.expires_at))}" if form.expires_at else "一直显示"
    return f"已保存：{pinned}，{shown}。" if "pinned" in form else f"已保存：{shown}。"
