"""Feedback on articles and sites: judged where the content check could not, answered, never by whom."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from flask import request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.acting import Act, act_page
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms import ConsoleForm
from miniprogram_api.console.forms.feedback import AnswerForm, FeedbackFilter, ReasonForm
from miniprogram_api.console.forms.staff import PlainForm
from miniprogram_api.console.guides import guide
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.waiting import Waiting, waits
from miniprogram_api.console.words import feedback as words
from miniprogram_api.feedback.queries import desk
from miniprogram_api.feedback.queries.desk import Waits, Wanted
from miniprogram_api.feedback.queries.shown import FeedbackShown, SubjectType
from miniprogram_api.feedback.rules import ANSWERABLE, REFUSABLE, RELEASABLE, REOPENABLE
from miniprogram_api.feedback.service import deciding
from miniprogram_api.feedback.service.deciding import Feedback
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.web.schemas import parse_id

_PAGE = 20
_TOPIC = "feedback"


@console.get("/feedback")
@signed_in("feedback.view")
def list_feedback() -> Response:
    """The oldest first; by default what staff have to do something about."""
    form = FeedbackFilter(request.args if "waits" in request.args else None, waits=Waits.STAFF.value)
    is_sound = form.validate()
    wanted = Wanted(
        waits=Waits(form.waits.data) if is_sound and form.waits.data else None,
        subject=SubjectType(form.subject.data) if is_sound and form.subject.data else None,
    )
    with reading() as session:
        found = desk.list_feedback(
            session, current_principal(), wanted, limit=_PAGE, cursor=request.args.get("cursor")
        )
    return page("feedback/list.html", found=found, filters=form, words=words)


@console.get("/feedback/<string:feedback_id>")
@signed_in("feedback.view")
def show_feedback(feedback_id: str) -> Response:
    """One without who wrote it."""
    return show_with(feedback_id, AnswerForm(formdata=None))


def show_with(feedback_id: str, form: ConsoleForm) -> Response:
    """The page of one, with what was refused about it."""
    principal = current_principal()
    answer = form if isinstance(form, AnswerForm) else AnswerForm(formdata=None)
    with reading() as session:
        found = desk.get_feedback(session, principal, parse_id(feedback_id))
        may_manage = desk.may_manage(session, principal, found.id)
    return page(
        "feedback/one.html",
        found=found,
        form=form,
        answer=answer,
        may_manage=may_manage,
        may_release=found.state in RELEASABLE,
        may_refuse=found.state in REFUSABLE,
        # What was typed is kept when somebody else was quicker.
        may_answer=found.state in ANSWERABLE or bool(answer.text.data),
        is_open=found.state in ANSWERABLE,
        may_reopen=found.state in REOPENABLE and found.text is not None,
        words=words,
    )


def look_at(feedback_id: str) -> FeedbackShown:
    """One that the caller may decide about. Raises FeedbackMissing."""
    with reading() as session:
        return desk.get_feedback(session, current_principal(), parse_id(feedback_id), desk.MANAGE)


def back_to(feedback_id: UUID) -> str:
    """The address of its page."""
    return url_for("console.show_feedback", feedback_id=feedback_id)


def decide_about(feedback_id: UUID, decide: Callable[[Session, Feedback], None]) -> None:
    """Carry a decision out on locked feedback of the caller's scope."""
    with atomic() as session:
        decide(session, deciding.lock_managed(session, current_principal(), feedback_id))


@console.post("/feedback/<string:feedback_id>/release")
@signed_in("feedback.manage")
def release_feedback(feedback_id: str) -> Response:
    """Let held feedback be dealt with."""
    return _act(feedback_id, deciding.release, "已放行，请回复市民。")


@console.post("/feedback/<string:feedback_id>/reopen")
@signed_in("feedback.manage")
def reopen_feedback(feedback_id: str) -> Response:
    """Deal with it again."""
    return _act(feedback_id, deciding.reopen, "已重新处理，市民看到的状态是“处理中”。")


def _act(feedback_id: str, act: Callable[..., None], told: str) -> Response:
    found, form = look_at(feedback_id), PlainForm()
    with showing_refusals(form):
        decide_about(
            found.id,
            lambda session, feedback: act(session, feedback, actor=current_actor(), now=clock.now()),
        )
        return done(back_to(found.id), told)
    return show_with(feedback_id, form)


@console.post("/feedback/<string:feedback_id>/answer")
@signed_in("feedback.manage")
def answer_feedback(feedback_id: str) -> Response:
    """Answer its member; what was typed stays when it is refused."""
    found, form = look_at(feedback_id), AnswerForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            decide_about(
                found.id,
                lambda session, feedback: deciding.answer(
                    session, feedback, text=form.text.data, actor=current_actor(), now=clock.now()
                ),
            )
            return done(back_to(found.id), "已回复，市民会收到站内消息。")
    return show_with(feedback_id, form)


@console.route("/feedback/<string:feedback_id>/correct", methods=["GET", "POST"])
@signed_in("feedback.manage")
def correct_feedback_answer(feedback_id: str) -> Response:
    """Put other words in the place of an answer, once."""
    found = look_at(feedback_id)
    form = AnswerForm(text=found.answer.text if found.answer else None)
    if form.validate_on_submit():
        with showing_refusals(form):
            decide_about(
                found.id,
                lambda session, feedback: deciding.correct_answer(
                    session, feedback, text=form.text.data, actor=current_actor(), now=clock.now()
                ),
            )
            return done(back_to(found.id), "回复已更正，市民会再收到一条站内消息。")
    about = ("每次回复只能更正一次。更正后市民看到的是新的回复，并会再收到一条站内消息。",)
    return act_page(Act(f"更正回复 {found.number}", about, "更正回复", back_to(found.id), topic=_TOPIC), form)


@console.route("/feedback/<string:feedback_id>/refuse", methods=["GET", "POST"])
@signed_in("feedback.manage")
def refuse_feedback(feedback_id: str) -> Response:
    """Do not deal with it, for a reason that its member is told."""
    about = (
        "只有内容违法违规，或者骂人、打广告时才不予受理；批评意见不是不受理的理由。",
        "市民会在小程序里看到理由，并收到站内消息。需要时可以重新处理。",
    )
    return _end(feedback_id, deciding.refuse, "不予受理", about, "不予受理，市民已收到理由。", danger=True)


@console.route("/feedback/<string:feedback_id>/close", methods=["GET", "POST"])
@signed_in("feedback.manage")
def close_feedback(feedback_id: str) -> Response:
    """End it without an answer, for a reason that its member is told."""
    about = ("市民看到的状态是“未采纳”和这里的理由，并会收到站内消息。能答复的请尽量回复。",)
    return _end(feedback_id, deciding.close, "不采纳", about, "已办结，市民已收到理由。")


def _end(
    feedback_id: str,
    end: Callable[..., None],
    label: str,
    about: tuple[str, ...],
    told: str,
    *,
    danger: bool = False,
) -> Response:
    found, form = look_at(feedback_id), ReasonForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            decide_about(
                found.id,
                lambda session, feedback: end(
                    session, feedback, reason=form.reason.data, actor=current_actor(), now=clock.now()
                ),
            )
            return done(back_to(found.id), told)
    act = Act(f"{label} {found.number}", about, label, back_to(found.id), danger=danger, topic=_TOPIC)
    return act_page(act, form)


@waits("feedback.manage")
def count_feedback(session: Session, principal: Principal, _now: datetime) -> list[Waiting]:
    """Feedback that the content check left to people, and what waits for an answer."""
    counts = desk.count_waiting(session, principal)
    place = {each: url_for("console.list_feedback", waits=each.value) for each in counts}
    return [
        Waiting("条市民反馈待审核", counts[Waits.PERSON], place[Waits.PERSON], urgent=True),
        Waiting("条市民反馈待回复", counts[Waits.ANSWER], place[Waits.ANSWER]),
    ]


guide(
    _TOPIC,
    "审核和回复市民反馈",
    "市民对文章和示范点的意见在这里审核、回复。看不到是谁写的。",
    steps=(
        "先处理“待审核”：看内容和图片，没有问题的点“放行”，违法违规的点“不予受理”并写明理由。",
        "图片单独审核：没有问题的点“让市民看到”，不合适的点“隐藏”。",
        "再处理“待回复”：写下回复点“回复市民”，市民会收到站内消息。",
        "不能采纳的点“不采纳”，写明市民能看懂的理由。",
    ),
    notes=(
        "最早提交的排在最前面。",
        "批评意见不是不予受理的理由。",
        "回复写错了可以更正一次；还要补充，点“重新处理”后再回复。",
    ),
)
