"""Organisations that accounts and sites belong to."""

from flask import request, url_for
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, signed_in
from miniprogram_api.console.acting import Act, act_page
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.staff import OrganisationForm, RenameOrganisationForm
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.identity import queries_people as people
from miniprogram_api.identity.service import organisations
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.web.schemas import parse_id

_PAGE = 30


@console.get("/organisations")
@signed_in("staff.view")
def list_organisations() -> Response:
    """Organisations in the order they were made."""
    with reading() as session:
        found = organisations.list_organisations(session, limit=_PAGE, cursor=request.args.get("cursor"))
        counts = people.count_accounts_by_organisation(session, [row.id for row in found.items])
    return page("staff/organisations.html", organisations=found, counts=counts)


@console.route("/organisations/new", methods=["GET", "POST"])
@signed_in("staff.manage")
def create_organisation() -> Response:
    """Make an organisation that accounts can belong to."""
    form = OrganisationForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                organisations.create_organisation(
                    session,
                    name=form.name.data.strip(),
                    credit_code=form.credit_code.data or None,
                    actor=current_actor(),
                    now=clock.now(),
                )
            told = f"机构“{form.name.data.strip()}”已建立，新建账号时可以选择。"
            return done(url_for("console.list_organisations"), told)
    act = Act(
        "新建机构",
        ("示范点的运营机构由登记系统带来，不用在这里建。这里用于学校、社区和主管部门。",),
        "建立机构",
        url_for("console.list_organisations"),
        topic="staff",
        hints={"credit_code": "18 位，用于区分同名机构。"},
    )
    return act_page(act, form)


@console.route("/organisations/<string:organisation_id>/rename", methods=["GET", "POST"])
@signed_in("staff.manage")
def rename_organisation(organisation_id: str) -> Response:
    """Give an organisation another name; what belongs to it stays as it is."""
    wanted = parse_id(organisation_id)
    with reading() as session:
        before = organisations.get_organisation(session, wanted).name
    form, back = RenameOrganisationForm(name=before), url_for("console.list_organisations")
    if form.validate_on_submit():
        name = form.name.data.strip()
        with showing_refusals(form):
            with atomic() as session:
                organisations.rename_organisation(
                    session,
                    organisation_id=wanted,
                    name=name,
                    operates=site_queries.operates_sites(session, wanted),
                    actor=current_actor(),
                )
            return done(back, f"“{before}”现在叫“{name}”，账号和角色不变。")
    about = ("账号、角色和示范点都不变，各处显示新名称；旧名称留在审计记录里。",)
    return act_page(Act(f"修改“{before}”的名称", about, "保存名称", back, topic="staff"), form)
