"""The exchange with the registry: how it stands, comparisons, and what people decide about differences."""

from datetime import datetime

from flask import current_app, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.acting import Act, act_page
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.fields import picks
from miniprogram_api.console.forms.registry import DecideDifferenceForm
from miniprogram_api.console.forms.staff import PlainForm
from miniprogram_api.console.guides import guide
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.waiting import Waiting, waits
from miniprogram_api.console.words import registry as words
from miniprogram_api.identity import queries_people as people
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.tasks import run_soon
from miniprogram_api.registry import jobs_deciding
from miniprogram_api.registry.errors_reconciliation import RegistryAway
from miniprogram_api.registry.queries import reports as report_queries
from miniprogram_api.registry.queries.status import read_status
from miniprogram_api.registry.rules.reconciliation import REPAIRABLE
from miniprogram_api.registry.service import deciding
from miniprogram_api.web.schemas import parse_id

_PAGE = 30
_MOST_TRIED = 200


@console.get("/registry")
@signed_in("registry.view")
def show_registry() -> Response:
    """How old our copy is, where the feed stands, and what waits."""
    now = clock.now()
    with reading() as session:
        status = read_status(session, now=now)
        last = report_queries.find_last_report(session)
        undecided = report_queries.count_undecided(session, last.id) if last else 0
    transport = current_app.extensions["settings"].registry.transport
    return page(
        "registry/status.html",
        exchange=status,
        last=last,
        undecided=undecided,
        transport=transport,
        words=words,
    )


@console.get("/registry/reports")
@signed_in("registry.view")
def list_reports() -> Response:
    """The comparisons, the newest first."""
    with reading() as session:
        found = report_queries.list_reports(session, limit=_PAGE, cursor=request.args.get("cursor"))
    return page("registry/reports.html", reports=found, words=words)


@console.get("/registry/reports/<string:report_id>")
@signed_in("registry.view")
def show_report(report_id: str) -> Response:
    """One comparison with its differences."""
    with reading() as session:
        report = report_queries.get_report(session, parse_id(report_id))
        found = report_queries.list_differences(
            session, report.id, limit=_PAGE, cursor=request.args.get("cursor")
        )
        names = report_queries.names_of_projects(session, {item.project_id for item in found.items})
        deciders = people.names_of_staff(session, [item.decided_by for item in found.items])
    return page(
        "registry/report.html",
        report=report,
        differences=found,
        names=names,
        deciders=deciders,
        words=words,
    )


@console.route("/registry/comparison", methods=["GET", "POST"])
@signed_in("registry.manage")
def ask_comparison() -> Response:
    """Have everything compared as soon as background work gets to it."""
    form, back = PlainForm(), url_for("console.list_reports")
    if form.validate_on_submit():
        with atomic() as session:
            deciding.ask_comparison(session, actor=current_actor(), now=clock.now())
        run_soon("registry.reconcile")
        return done(back, "已开始对账，几分钟后刷新可看到报告。")
    about = (
        "会逐项核对登记系统和本系统，版本较旧的自动更新；更新不了的列为差异，由您决定。",
        "只想看看会发现什么，请用“试运行”，它什么都不改变。",
    )
    return act_page(Act("立即对账", about, "开始对账", back, topic="registry"), form)


@console.get("/registry/trial")
@signed_in("registry.manage")
def try_comparison() -> Response:
    """What a comparison would find now; changes nothing."""
    try:
        trial = jobs_deciding.try_comparison(most=_MOST_TRIED)
    except RegistryAway:
        return page("registry/trial.html", trial=None)
    with reading() as session:
        names = report_queries.names_of_projects(session, {item.project_id for item in trial.differences})
    return page("registry/trial.html", trial=trial, names=names, words=words, at=clock.now())


@console.route("/registry/differences/<string:difference_id>", methods=["GET", "POST"])
@signed_in("registry.manage")
def decide_difference(difference_id: str) -> Response:
    """Follow the registry about one difference, or leave it as it is; nothing is ever deleted."""
    with reading() as session:
        found = report_queries.get_difference(session, parse_id(difference_id))
        name = report_queries.names_of_projects(session, [found.project_id]).get(found.project_id)
        site = report_queries.find_site_of(session, found.project_id)
    form = DecideDifferenceForm()
    follow = "暂停这个示范点的开放" if found.kind == "unknown_there" else "按登记系统的最新资料更新"
    choices = [("accepted", follow)] if found.kind in REPAIRABLE else []
    form.decision.choices = picks([*choices, ("kept", "维持现状，先向登记系统核实")])
    if form.validate_on_submit():
        with showing_refusals(form):
            told = _decide(form, parse_id(difference_id))
            return done(url_for("console.show_report", report_id=found.report_id), told)
    return page(
        "registry/difference.html",
        difference=found,
        name=name,
        site=None,
        at_site=site,
        form=form,
        words=words,
    )


def _decide(form: DecideDifferenceForm, difference_id: object) -> str:
    wanted, actor = parse_id(str(difference_id)), current_actor()
    if form.decision.data == "kept":
        jobs_deciding.keep(wanted, reason=form.reason.data, actor=actor)
        return "已记下：维持现状。下次对账仍会列出，直到两边一致。"
    outcome = jobs_deciding.follow(
        wanted, reason=form.reason.data, principal=current_principal(), actor=actor
    )
    return f"已处理：{words.OUTCOMES.get(outcome, outcome)}。"


@waits("registry.view")
def count_exchange(session: Session, _principal: Principal, now: datetime) -> list[Waiting]:
    """What of the exchange waits for somebody."""
    status = read_status(session, now=now)
    last = report_queries.find_last_report(session)
    undecided = report_queries.count_undecided(session, last.id) if last else 0
    old = status.feed is not None and status.copy.freshness.value != "fresh"
    report = url_for("console.show_report", report_id=last.id) if last else ""
    return [
        Waiting("个登记系统告警：数据没有按时更新", int(old), url_for("console.show_registry"), urgent=True),
        Waiting(
            "条登记系统的记录未能接收，待处理",
            status.dead_letters,
            url_for("console.list_dead_letters"),
            urgent=True,
        ),
        Waiting("处对账差异待决定", undecided, report),
        Waiting("个事件投递失败", status.sendings_failed, url_for("console.list_subscriptions")),
    ]


guide(
    "registry",
    "登记系统同步与对账",
    "示范点的名称、称号、状态等来自登记系统，每分钟同步一次，每晚核对一次。",
    steps=(
        "“同步状态”显示数据截至何时、有多旧、有什么在等待处理。",
        "“对账差异”列出每次核对的结果；点一次对账，看没有自动更新好的差异。",
        "对每处差异选择“按登记系统”或“维持现状”，并写明理由。",
        "登记系统已没有的项目，建议暂停示范点开放并核实。任何资料都不会被删除。",
    ),
    notes=("“试运行”只核对、不改变任何数据。",),
)
