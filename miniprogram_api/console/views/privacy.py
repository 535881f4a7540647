"""Data protection: requests that came on paper, members who erased themselves, and consents in numbers."""

from datetime import datetime
from uuid import UUID

from flask import request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, signed_in
from miniprogram_api.console.acting import Act, act_page
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.privacy import (
    DecideForm,
    ExtendForm,
    FileRequestForm,
    ReceiptForm,
    RequestFilter,
)
from miniprogram_api.console.guides import guide
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.waiting import Waiting, waits
from miniprogram_api.console.words import privacy as words
from miniprogram_api.console.words import say_day
from miniprogram_api.identity import consent_texts, queries
from miniprogram_api.identity import queries_people as people
from miniprogram_api.identity.service import data_requests
from miniprogram_api.identity.service.data_requests import (
    DataRequest,
    RequestChannel,
    RequestKind,
    RequestState,
)
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.web.schemas import parse_id

_PAGE = 20


@console.get("/requests")
@signed_in("requests.view")
def list_requests() -> Response:
    """Requests that came on paper, what is due first at the top; a receipt can be looked up."""
    filters, lookup = RequestFilter(request.args), ReceiptForm(request.args)
    state = RequestState(filters.state.data) if filters.validate() and filters.state.data else None
    typed = (lookup.receipt.data or "") if lookup.validate() else ""
    with reading() as session:
        found = queries.list_requests(session, state=state, limit=_PAGE, cursor=request.args.get("cursor"))
        counts = queries.count_desk(session, today=clock.today())
        receipt = queries.find_receipt(session, typed) if typed else None
    return page(
        "privacy/requests.html",
        filters=filters,
        lookup=lookup,
        typed=typed,
        receipt=receipt,
        requests=found,
        counts=counts,
        today=clock.today(),
        words=words,
    )


@console.get("/requests/erasures")
@signed_in("requests.view")
def list_erasures() -> Response:
    """Members who erased themselves: receipts and times, never who."""
    with reading() as session:
        found = queries.list_erasures(session, limit=_PAGE, cursor=request.args.get("cursor"))
    return page("privacy/erasures.html", erasures=found)


@console.route("/requests/new", methods=["GET", "POST"])
@signed_in("requests.manage")
def file_request() -> Response:
    """Enter a request that came on paper."""
    form, back = FileRequestForm(), url_for("console.list_requests")
    if not form.is_submitted():
        form.received_on.data = clock.today()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                filed = data_requests.file_request(
                    session,
                    kind=RequestKind(form.kind.data),
                    channel=RequestChannel(form.channel.data),
                    received_on=form.received_on.data,
                    file_number=form.file_number.data or None,
                    actor=current_actor(),
                    now=clock.now(),
                )
            told = f"已登记，登记号 {filed.number}，请在{say_day(filed.due_on)}前办结。"
            return done(url_for("console.show_request", request_id=filed.id), told)
    act = Act(
        "登记个人信息请求",
        (
            "市民在小程序里可以自己查看、导出、更正和注销；这里登记通过其他途径收到的请求。",
            "不要填写请求人的姓名、电话等信息，它们只留在纸质档案里。",
        ),
        "登记",
        back,
        topic="requests",
        hints={
            "kind": "查阅、复制须在 30 天内答复，其他请求须在 15 个工作日内答复。",
            "file_number": "纸质材料的存放编号。",
        },
    )
    return act_page(act, form)


def _look(request_id: str) -> DataRequest:
    with reading() as session:
        return queries.get_request(session, parse_id(request_id))


def _back(request_id: UUID) -> str:
    return url_for("console.show_request", request_id=request_id)


@console.get("/requests/<string:request_id>")
@signed_in("requests.view")
def show_request(request_id: str) -> Response:
    """One request and what can be done about it."""
    with reading() as session:
        found = queries.get_request(session, parse_id(request_id))
        names = people.names_of_staff(session, [found.created_by, found.decided_by])
    return page("privacy/request.html", found=found, names=names, words=words, today=clock.today())


@console.route("/requests/<string:request_id>/extend", methods=["GET", "POST"])
@signed_in("requests.manage")
def extend_request(request_id: str) -> Response:
    """Give a request more time."""
    found, form = _look(request_id), ExtendForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                data_requests.extend_request(
                    session,
                    found.id,
                    until=form.until.data,
                    reason=form.reason.data,
                    actor=current_actor(),
                )
            return done(_back(found.id), f"期限已延长到{say_day(form.until.data)}。")
    about = (
        f"原期限是{say_day(found.due_on)}。延长须在期限前告知请求人理由和新的期限。",
        "最长到收到之日起 90 天。",
    )
    return act_page(Act("延长期限", about, "延长", _back(found.id), topic="requests"), form)


@console.route("/requests/<string:request_id>/decide", methods=["GET", "POST"])
@signed_in("requests.manage")
def decide_request(request_id: str) -> Response:
    """Say what came of a request."""
    found, form = _look(request_id), DecideForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                data_requests.decide_request(
                    session,
                    found.id,
                    state=RequestState(form.state.data),
                    outcome=form.outcome.data,
                    actor=current_actor(),
                    now=clock.now(),
                )
            return done(_back(found.id), f"{found.number}：{words.STATES[form.state.data]}。")
    return page("privacy/decide.html", found=found, form=form, words=words)


@console.get("/consents")
@signed_in("consents.view")
def list_consents() -> Response:
    """How many members' latest word on each purpose is yes or no, by version of the text."""
    with reading() as session:
        counts = queries.count_consents(session)
    texts = {text.purpose: text for text in consent_texts.current_texts()}
    return page("privacy/consents.html", counts=counts, texts=texts, words=words)


@waits("requests.manage")
def count_requests(session: Session, _principal: Principal, now: datetime) -> list[Waiting]:
    """Requests that wait for an answer."""
    counts = queries.count_desk(session, today=beijing_date(now))
    address = url_for("console.list_requests", state="open")
    return [
        Waiting("件个人信息请求已超期", counts.overdue, address, urgent=True),
        Waiting("件个人信息请求待办", counts.open - counts.overdue, address),
    ]


guide(
    "requests",
    "办理个人信息请求",
    "登记通过窗口、信函、电话等途径收到的请求，在期限内办结并写明结果。",
    steps=(
        "点“登记请求”，选择类型和途径，系统算出期限。把登记号告诉请求人。",
        "先核实请求人身份，材料放入纸质档案，这里只记档案号。",
        "办结时选择结果并写明做了什么；不予办理须写明理由和依据。",
        "来不及时，在期限前延长一次并告知请求人。",
        "市民拿着小程序注销的回执号来问，用“查回执”查看办理时间。",
    ),
    notes=("这里看不到任何市民的姓名、手机号或预约。",),
)
