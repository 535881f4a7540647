"""Objections to public notices: what people say, never who; released to the registry or not passed on."""

from datetime import datetime
from uuid import UUID

from flask import request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, signed_in
from miniprogram_api.console.acting import Act, act_page
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.fields import picks
from miniprogram_api.console.forms.registry import ObjectionFilter, RefuseObjectionForm
from miniprogram_api.console.forms.staff import PlainForm
from miniprogram_api.console.guides import guide
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.waiting import Waiting, waits
from miniprogram_api.console.words import registry as words
from miniprogram_api.kernel import clock, files
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.queries import objections as queries
from miniprogram_api.registry.queries.objections import ObjectionShown, ObjectionState
from miniprogram_api.registry.rules.objections import REVIEWABLE
from miniprogram_api.registry.service import objection_review
from miniprogram_api.web.schemas import parse_id

_PAGE = 20


@console.get("/objections")
@signed_in("objections.view")
def list_objections() -> Response:
    """The oldest first; by default those to decide about."""
    form = ObjectionFilter(request.args if "state" in request.args else None, state="held")
    form.state.choices = picks([("", "全部"), *words.OBJECTION_STATES.items()])
    state = ObjectionState(form.state.data) if form.validate() and form.state.data else None
    with reading() as session:
        found = queries.list_for_staff(
            session, state=state, project_id=None, limit=_PAGE, cursor=request.args.get("cursor")
        )
    return page(
        "registry/objections.html", objections=found, filters=form, said=words.OBJECTION_STATES, words=words
    )


@console.get("/objections/<string:objection_id>")
@signed_in("objections.view")
def show_objection(objection_id: str) -> Response:
    """One objection without who made it."""
    found = _look(objection_id)
    return page(
        "registry/objection.html",
        objection=found,
        reviewable=found.state in REVIEWABLE,
        said=words.OBJECTION_STATES,
        words=words,
    )


def _look(objection_id: str) -> ObjectionShown:
    with reading() as session:
        return queries.get_for_staff(session, parse_id(objection_id))


def _back(objection_id: UUID) -> str:
    return url_for("console.show_objection", objection_id=objection_id)


@console.get("/objections/<string:objection_id>/files/<string:file_id>")
@signed_in("objections.view")
def show_objection_file(objection_id: str, file_id: str) -> Response:
    """A picture of an objection, shown in its page."""
    with reading() as session:
        file = queries.get_file_for_staff(session, parse_id(objection_id), parse_id(file_id))
    picture = files.private().path_of(file.file_name).read_bytes()
    return Response(picture, content_type=file.media_type)


@console.route("/objections/<string:objection_id>/release", methods=["GET", "POST"])
@signed_in("objections.review")
def release_objection(objection_id: str) -> Response:
    """Pass a held objection on to the registry."""
    found, form = _look(objection_id), PlainForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                objection_review.release(session, found.id, actor=current_actor(), now=clock.now())
            return done(_back(found.id), "已放行，正在送往登记系统，提出人会收到送达通知。")
    about = ("放行后，异议内容、图片和提出人的姓名、手机号会送到登记系统，不能收回。",)
    return act_page(Act(f"放行异议 {found.number}", about, "放行", _back(found.id), topic="objections"), form)


@console.route("/objections/<string:objection_id>/refuse", methods=["GET", "POST"])
@signed_in("objections.review")
def refuse_objection(objection_id: str) -> Response:
    """Do not pass an objection on, for a reason that its member is told."""
    found, form = _look(objection_id), RefuseObjectionForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                objection_review.refuse(
                    session,
                    found.id,
                    reason=form.reason.data,
                    actor=current_actor(),
                    now=clock.now(),
                )
            return done(_back(found.id), "没有转交，提出人已收到理由。")
    about = ("只有内容违法违规或与公示无关时才不转交。提出人会在小程序里看到理由，可以修改后重新提出。",)
    act = Act(f"不转交异议 {found.number}", about, "不转交", _back(found.id), danger=True, topic="objections")
    return act_page(act, form)


@waits("objections.review")
def count_objections(session: Session, _principal: Principal, _now: datetime) -> list[Waiting]:
    """Objections that the content check left to people, and those that the registry did not take."""
    counts = queries.count_reviewable(session)
    held, returned = (counts.get(state, 0) for state in (ObjectionState.HELD, ObjectionState.RETURNED))
    back = url_for("console.list_objections", state="returned")
    return [
        Waiting("件公示异议待审核", held, url_for("console.list_objections"), urgent=True),
        Waiting("件公示异议登记系统没有接收，待处理", returned, back, urgent=True),
    ]


guide(
    "objections",
    "审核公示异议",
    "内容检测拿不准的异议由人决定是否转交登记系统。看不到是谁提出的。",
    steps=(
        "打开一件待审核的异议，看内容和图片。",
        "与公示有关、不违法违规的，点“放行”。",
        "违法违规或与公示无关的，点“不转交”，写明提出人能看懂的理由。",
    ),
    notes=("观点不同不是不转交的理由。",),
)
