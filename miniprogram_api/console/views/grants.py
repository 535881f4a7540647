"""Roles of one account: given, approved by a second person, restored, taken back."""

from datetime import datetime
from uuid import UUID

from flask import url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, signed_in
from miniprogram_api.console.acting import Act, act_page
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.staff import GrantForm, PlainForm, ReasonForm
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.views.staff import organisation_choices
from miniprogram_api.console.waiting import Waiting, waits
from miniprogram_api.console.words import say_role
from miniprogram_api.identity import permissions
from miniprogram_api.identity import queries_people as people
from miniprogram_api.identity.permissions import ROLES, Reach, Role
from miniprogram_api.identity.service import roles, staff_profiles
from miniprogram_api.identity.service.staff_profiles import HeldGrant, StaffProfile
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.web.schemas import parse_id

REACHES = {Reach.SITE: "一个示范点", Reach.ORGANISATION: "一个机构的全部示范点", Reach.CITY: "全市"}


@console.route("/staff/<string:staff_id>/grants/new", methods=["GET", "POST"])
@signed_in("staff.manage", fresh=True)
def grant_role(staff_id: str) -> Response:
    """Give an account a role over a site, an organisation's sites or the city."""
    form = GrantForm()
    with reading() as session:
        person = staff_profiles.get_profile(session, parse_id(staff_id))
        sites = [(str(each), name) for each, name in site_queries.list_site_names(session)]
        form.offer(sites, organisation_choices(session))
    if form.validate_on_submit() and form.complete():
        with showing_refusals(form):
            return done(_back(person.id), _grant(person, form))
    reaches = {
        role.value: [words for reach, words in REACHES.items() if reach in policy.reaches]
        for role, policy in ROLES.items()
    }
    return page("staff/grant.html", person=person, form=form, reaches=reaches, two=permissions.TWO_PERSON)


def _grant(person: StaffProfile, form: GrantForm) -> str:
    reach = Reach(form.reach.data)
    with atomic() as session:
        given = roles.grant_role(
            session,
            staff_id=person.id,
            role=Role(form.role.data),
            site_id=parse_id(form.site_id.data) if reach is Reach.SITE else None,
            organisation_id=parse_id(form.organisation_id.data) if reach is Reach.ORGANISATION else None,
            actor=current_actor(),
            now=clock.now(),
        )
        waiting = given.approved_at is None
    role = say_role(form.role.data)
    if waiting:
        return f"已提交：{person.display_name}的“{role}”待第二人批准，批准前不生效。"
    return f"{person.display_name}现在是“{role}”，下一次打开页面时生效。"


def _look(staff_id: str, grant_id: str) -> tuple[StaffProfile, HeldGrant]:
    wanted = parse_id(grant_id)
    with reading() as session:
        person = staff_profiles.get_profile(session, parse_id(staff_id))
    for grant in person.grants:
        if grant.id == wanted:
            return person, grant
    raise NotFound


def _back(staff_id: UUID) -> str:
    return url_for("console.show_staff_member", staff_id=staff_id)


@console.route("/staff/<string:staff_id>/grants/<string:grant_id>/revoke", methods=["GET", "POST"])
@signed_in("staff.manage")
def revoke_grant(staff_id: str, grant_id: str) -> Response:
    """Take a role back, or decline one that waits for approval."""
    person, grant = _look(staff_id, grant_id)
    form, role = ReasonForm(), say_role(grant.role)
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                roles.revoke_grant(
                    session,
                    staff_id=person.id,
                    grant_id=grant.id,
                    reason=form.reason.data,
                    actor=current_actor(),
                    now=clock.now(),
                )
            return done(_back(person.id), f"已收回{person.display_name}的“{role}”，立即生效。")
    declining = grant.awaiting_approval
    title = f"{'不批准' if declining else '收回'}{person.display_name}的“{role}”"
    about = ("这项授权不再等待批准。",) if declining else ("收回后立即生效，对方打开的页面会失去相应权限。",)
    act = Act(title, about, "不批准" if declining else "收回角色", _back(person.id), topic="staff")
    return act_page(act, form)


@console.route("/staff/<string:staff_id>/grants/<string:grant_id>/approve", methods=["GET", "POST"])
@signed_in("staff.manage", fresh=True)
def approve_grant(staff_id: str, grant_id: str) -> Response:
    """Let a role count that another administrator gave."""
    person, grant = _look(staff_id, grant_id)
    form, role = PlainForm(), say_role(grant.role)
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                roles.approve_grant(
                    session, staff_id=person.id, grant_id=grant.id, actor=current_actor(), now=clock.now()
                )
            return done(_back(person.id), f"已批准，{person.display_name}现在是“{role}”。")
    with reading() as session:
        giver = people.names_of_staff(session, [grant.granted_by]).get(str(grant.granted_by), "服务器命令行")
    about = (
        f"{giver}申请授予{person.display_name}（{person.username}）“{role}”，范围：{REACHES[Reach(grant.reach)]}。",
        "这个角色能决定他人的权限或查看个人信息，须由另一位管理员核对后批准。",
    )
    act = Act(f"批准“{role}”", about, "批准", _back(person.id), topic="staff")
    return act_page(act, form)


@console.route("/staff/<string:staff_id>/grants/<string:grant_id>/restore", methods=["GET", "POST"])
@signed_in("staff.manage", fresh=True)
def restore_grant(staff_id: str, grant_id: str) -> Response:
    """Let a frozen role count again."""
    person, grant = _look(staff_id, grant_id)
    form, role = PlainForm(), say_role(grant.role)
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                roles.restore_grant(session, staff_id=person.id, grant_id=grant.id, actor=current_actor())
            return done(_back(person.id), f"{person.display_name}的“{role}”已恢复。")
    about = (
        "示范点更换了运营机构，原机构人员的角色被冻结，不起作用。",
        f"确认{person.display_name}仍应管理这个示范点，再恢复；否则请收回。",
    )
    act = Act(f"恢复{person.display_name}的“{role}”", about, "恢复角色", _back(person.id), topic="staff")
    return act_page(act, form)


@waits("staff.manage")
def count_roles(session: Session, principal: Principal, _now: datetime) -> list[Waiting]:
    """Roles that another administrator gave."""
    count = people.count_awaiting(session, but=principal.id)
    return [Waiting("项角色待您批准", count, url_for("console.list_staff", state="awaiting"))]
