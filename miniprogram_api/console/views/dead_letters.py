"""Dead letters: records that could not be taken over; replayed for a reason, discarded by two people."""

from uuid import UUID

from flask import request, url_for
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, signed_in
from miniprogram_api.console.acting import Act, act_page
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.registry import LetterFilter
from miniprogram_api.console.forms.staff import PlainForm, ReasonForm
from miniprogram_api.console.guides import guide
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.words import registry as words
from miniprogram_api.identity import queries_people as people
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.queries.dead_letters import (
    DeadLetter,
    DeadLetterState,
    get_dead_letter,
)
from miniprogram_api.registry.queries.dead_letters import (
    list_dead_letters as find_letters,
)
from miniprogram_api.registry.service import dead_letter_desk as desk
from miniprogram_api.web.schemas import parse_id

_PAGE = 30


@console.get("/registry/dead-letters")
@signed_in("registry.view")
def list_dead_letters() -> Response:
    """The oldest first; by default those that wait."""
    form = LetterFilter(request.args if "state" in request.args else None, state="unsettled")
    chosen = form.state.data if form.validate() else ""
    state = DeadLetterState(chosen) if chosen and chosen != "unsettled" else None
    with reading() as session:
        found = find_letters(
            session,
            limit=_PAGE,
            cursor=request.args.get("cursor"),
            state=state,
            settled=chosen != "unsettled",
        )
    return page("registry/letters.html", letters=found, filters=form, words=words)


@console.get("/registry/dead-letters/<string:letter_id>")
@signed_in("registry.view")
def show_dead_letter(letter_id: str) -> Response:
    """One, with the record as it came."""
    with reading() as session:
        letter = get_dead_letter(session, parse_id(letter_id))
        names = people.names_of_staff(session, [letter.discard_asked_by, letter.decided_by])
    return page("registry/letter.html", letter=letter, names=names, words=words)


def _look(letter_id: str) -> DeadLetter:
    with reading() as session:
        return get_dead_letter(session, parse_id(letter_id))


def _back(letter_id: UUID) -> str:
    return url_for("console.show_dead_letter", letter_id=letter_id)


@console.route("/registry/dead-letters/<string:letter_id>/replay", methods=["GET", "POST"])
@signed_in("registry.manage")
def replay_dead_letter(letter_id: str) -> Response:
    """Take the record over once more."""
    letter, form = _look(letter_id), ReasonForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                _, outcome = desk.replay(
                    session, letter.id, reason=form.reason.data, actor=current_actor(), now=clock.now()
                )
            said = words.OUTCOMES.get(outcome.value, outcome.value)
            return done(_back(letter.id), f"已重新处理：{said}。")
    about = ("把这条记录按原样再处理一次。成功后项目解除冻结，继续同步。",)
    return act_page(Act("重新处理这条记录", about, "重新处理", _back(letter.id), topic="dead-letters"), form)


@console.route("/registry/dead-letters/<string:letter_id>/discard", methods=["GET", "POST"])
@signed_in("registry.manage")
def ask_discard(letter_id: str) -> Response:
    """Ask for the record to be dropped for good; somebody else has to agree."""
    letter, form = _look(letter_id), ReasonForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                desk.ask_discard(session, letter.id, reason=form.reason.data, actor=current_actor())
            return done(_back(letter.id), "已申请丢弃，等另一位管理员确认；确认前项目仍冻结。")
    about = (
        "丢弃后，这条记录永远不再处理，项目保持现有资料继续同步。",
        "须由另一位管理员确认才会丢弃。",
    )
    act = Act("申请丢弃这条记录", about, "申请丢弃", _back(letter.id), danger=True, topic="dead-letters")
    return act_page(act, form)


@console.route("/registry/dead-letters/<string:letter_id>/discard/confirm", methods=["GET", "POST"])
@signed_in("registry.manage")
def confirm_discard(letter_id: str) -> Response:
    """Agree to what another person asked for."""
    letter, form = _look(letter_id), PlainForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                desk.confirm_discard(session, letter.id, actor=current_actor(), now=clock.now())
            return done(_back(letter.id), "已丢弃，项目保持现有资料继续同步。")
    about = (f"申请理由：{letter.reason or '—'}", "确认后不能恢复，这条记录永远不再处理。")
    act = Act("确认丢弃这条记录", about, "确认丢弃", _back(letter.id), danger=True, topic="dead-letters")
    return act_page(act, form)


guide(
    "dead-letters",
    "处理未能接收的记录",
    "登记系统发来的记录如果处理不了，会列在这里，只冻结那一个项目。",
    steps=(
        "打开一条记录，看原因和原始记录。",
        "问题已修复（如代码表更新、程序升级）时，点“重新处理”。",
        "记录确实有误时，请登记系统补发正确的记录：收到后这一条自动消除。",
        "都不行时，一人申请丢弃，另一人确认。",
    ),
    notes=("超过 24 小时未处理会告警。",),
)
