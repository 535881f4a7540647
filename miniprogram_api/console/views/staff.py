"""People: accounts, what they hold, and what is done to an account."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, signed_in
from miniprogram_api.console.acting import Act, Handed, act_page, handed_page
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.fields import picks
from miniprogram_api.console.forms.staff import (
    ChangeStaffForm,
    CreateStaffForm,
    DisableForm,
    PlainForm,
    ReasonForm,
    StaffFilter,
)
from miniprogram_api.console.guides import guide
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.words import say_instant, say_role
from miniprogram_api.identity import queries_people as people
from miniprogram_api.identity.queries_people import PeopleFilter
from miniprogram_api.identity.service import invitations, leaving, roles, staff, staff_profiles
from miniprogram_api.identity.service.invitations import InvitationPurpose, Issued
from miniprogram_api.identity.service.staff_profiles import StaffProfile
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites import queries as site_queries
from miniprogram_api.web.schemas import parse_id

_PAGE = 20


@console.get("/staff")
@signed_in("staff.view")
def list_staff() -> Response:
    """Accounts by username, with filters."""
    form = StaffFilter(request.args)
    with reading() as session:
        form.organisation.choices = picks([("", "全部机构"), *organisation_choices(session)])
        wanted = _wanted(form)
        found = people.list_people(session, wanted, limit=_PAGE, cursor=request.args.get("cursor"))
        names = _names(session, found.items)
    return page("staff/list.html", filters=form, people=found, **names)


def _wanted(form: StaffFilter) -> PeopleFilter:
    if not form.validate():
        return PeopleFilter()
    organisation = parse_id(form.organisation.data) if form.organisation.data else None
    return PeopleFilter(form.q.data or None, form.role.data or None, organisation, form.state.data or None)


def organisation_choices(session: Session) -> list[tuple[str, str]]:
    """Every organisation as a choice of a form."""
    return [(str(each), name) for each, name in people.list_organisation_names(session)]


def _names(session: Session, profiles: Sequence[StaffProfile]) -> dict[str, Any]:
    """What the objects of these accounts are called."""
    grants = [grant for profile in profiles for grant in profile.grants]
    of_accounts = {profile.organisation_id for profile in profiles}
    organisations = {*of_accounts, *(grant.organisation_id for grant in grants)} - {None}
    sites = {grant.site_id for grant in grants} - {None}
    return {
        "organisations": people.names_of_organisations(session, {each for each in organisations if each}),
        "sites": site_queries.names_of_sites(session, {each for each in sites if each}),
    }


@console.get("/staff/<string:staff_id>")
@signed_in("staff.view")
def show_staff_member(staff_id: str) -> Response:
    """One account: what it holds, its link, and what can be done to it."""
    wanted, now = parse_id(staff_id), clock.now()
    with reading() as session:
        profile = staff_profiles.get_profile(session, wanted)
        names = _names(session, [profile])
        givers = people.names_of_staff(session, [grant.granted_by for grant in profile.grants])
        link = invitations.find_living(session, wanted, now=now)
    return page("staff/member.html", person=profile, givers=givers, link=link, **names)


@console.route("/staff/new", methods=["GET", "POST"])
@signed_in("staff.manage")
def create_staff_member() -> Response:
    """Make an account and a link by which its owner chooses the password."""
    form = CreateStaffForm()
    with reading() as session:
        form.offer(organisation_choices(session))
    if form.validate_on_submit():
        nobodys = invitations.unusable_password_hash()
        with showing_refusals(form):
            with atomic() as session:
                account = staff.create_account(
                    session,
                    username=form.username.data,
                    display_name=form.display_name.data,
                    organisation_id=_organisation(form.organisation_id.data),
                    password_hash=nobodys,
                    must_change_password=True,
                    actor=current_actor(),
                    now=clock.now(),
                )
                issued = invitations.issue(
                    session,
                    staff_id=account.id,
                    purpose=InvitationPurpose.INVITATION,
                    actor=current_actor(),
                    now=clock.now(),
                )
            return _hand_link(issued, form.display_name.data)
    return page("staff/new.html", form=form)


def _organisation(chosen: str | None) -> UUID | None:
    return parse_id(chosen) if chosen else None


def _hand_link(issued: Issued, name: str) -> Response:
    staff_id = issued.invitation.staff_id
    address = url_for("console.open_invitation", token=issued.token, _external=True)
    until = say_instant(issued.invitation.expires_at)
    invited = issued.invitation.purpose is InvitationPurpose.INVITATION
    return handed_page(
        Handed(
            title=f"{name}的邀请链接" if invited else f"{name}的密码重置链接",
            label="链接",
            value=address,
            about=(
                f"把链接单独发给{name}本人（当面、电话或政务即时通讯），不要发到群里。",
                f"链接只能用一次，{until}前有效。重新生成后，旧链接立即失效。",
            ),
            back=url_for("console.show_staff_member", staff_id=staff_id),
            back_label=f"已发给{name}，查看账号",
            scan=address,
            topic="staff",
        )
    )


def _look(staff_id: str) -> StaffProfile:
    with reading() as session:
        return staff_profiles.get_profile(session, parse_id(staff_id))


def _back(person: StaffProfile) -> str:
    return url_for("console.show_staff_member", staff_id=person.id)


@console.route("/staff/<string:staff_id>/invitation", methods=["GET", "POST"])
@signed_in("staff.manage", fresh=True)
def invite_again(staff_id: str) -> Response:
    """Make another link: for who has not begun, an invitation; for everybody else, to reset the password."""
    person, form = _look(staff_id), PlainForm()
    invited = not person.totp_enrolled and not person.demo
    if form.validate_on_submit():
        purpose = InvitationPurpose.INVITATION if invited else InvitationPurpose.PASSWORD_RESET
        with showing_refusals(form):
            with atomic() as session:
                issued = invitations.issue(
                    session, staff_id=person.id, purpose=purpose, actor=current_actor(), now=clock.now()
                )
            return _hand_link(issued, person.display_name)
    about = (
        ("会生成新的邀请链接，旧链接立即失效。",)
        if invited
        else (
            f"会生成一个链接，{person.display_name}用它自己设置新密码；您看不到密码。",
            "该账号在所有设备上的登录立即失效。动态验证码不变，登录时仍要输入。",
        )
    )
    title = f"给{person.display_name}{'重新发送邀请' if invited else '重置密码'}"
    act = Act(title, about, "生成链接", _back(person), topic="staff")
    return act_page(act, form)


@console.post("/staff/<string:staff_id>/invitation/withdraw")
@signed_in("staff.manage")
def withdraw_invitation(staff_id: str) -> Response:
    """Make a link good for nothing."""
    person = _look(staff_id)
    with atomic() as session:
        invitations.withdraw(session, staff_id=person.id, actor=current_actor(), now=clock.now())
    return done(_back(person), "链接已作废，打开时会提示联系管理员。")


@console.route("/staff/<string:staff_id>/change", methods=["GET", "POST"])
@signed_in("staff.manage")
def change_staff_member(staff_id: str) -> Response:
    """Rename an account, or move it to another organisation."""
    person = _look(staff_id)
    organisation = str(person.organisation_id or "")
    form = ChangeStaffForm(display_name=person.display_name, organisation_id=organisation)
    with reading() as session:
        form.offer(organisation_choices(session))
    if form.validate_on_submit():
        with showing_refusals(form):
            _change(person, form.display_name.data, _organisation(form.organisation_id.data))
            return done(_back(person), f"{form.display_name.data}的资料已更新。")
    act = Act(
        f"修改{person.display_name}的资料",
        ("更换所属机构后，原来在机构和示范点上的角色会全部收回，需要重新授权。",),
        "保存",
        _back(person),
        topic="staff",
    )
    return act_page(act, form)


def _change(person: StaffProfile, name: str, organisation_id: UUID | None) -> None:
    actor = current_actor()
    with atomic() as session:
        staff.rename_account(session, staff_id=person.id, display_name=name, actor=actor)
        if organisation_id != person.organisation_id:
            roles.move_account(
                session, staff_id=person.id, organisation_id=organisation_id, actor=actor, now=clock.now()
            )


@console.route("/staff/<string:staff_id>/disable", methods=["GET", "POST"])
@signed_in("staff.manage")
def disable_staff_member(staff_id: str) -> Response:
    """Disable an account; what is open on its desk is shown and goes to a chosen person."""
    person, form = _look(staff_id), DisableForm()
    with reading() as session:
        left = leaving.list_left(session, person.id)
        receivers = leaving.list_receivers(session, person.id, left) if left else []
    form.offer([(str(each.id), f"{each.display_name}（{each.username}）") for each in receivers])
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                moved = leaving.disable_and_hand_over(
                    session,
                    staff_id=person.id,
                    receiver_id=_organisation(form.receiver.data),
                    reason=form.reason.data,
                    actor=current_actor(),
                    now=clock.now(),
                )
            return done(_back(person), _told(person.display_name, sum(moved.values())))
    return page("staff/disable.html", person=person, left=left, receivers=receivers, form=form)


def _told(name: str, moved: int) -> str:
    ended = f"{name}的账号已停用，登录已全部失效。"
    return f"{ended}{moved} 件未办结事项已交给接手人。" if moved else ended


@console.route("/staff/<string:staff_id>/enable", methods=["GET", "POST"])
@signed_in("staff.manage")
def enable_staff_member(staff_id: str) -> Response:
    """Let a disabled account sign in again."""
    person, form = _look(staff_id), ReasonForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                staff.enable_account(
                    session, staff_id=person.id, reason=form.reason.data, actor=current_actor()
                )
            return done(_back(person), f"{person.display_name}的账号已恢复，可以登录。")
    with reading() as session:
        names = _names(session, [person])
    about = ("恢复后可以用原来的密码登录。", _told_roles(person, names))
    act = Act(f"恢复{person.display_name}的账号", about, "恢复账号", _back(person), topic="staff")
    return act_page(act, form)


def _told_roles(person: StaffProfile, names: dict[str, Any]) -> str:
    """What an account holds that nobody has taken back."""
    held = [f"{say_role(grant.role)}（{_place(grant, names)}）" for grant in person.grants]
    if not held:
        return "没有未收回的角色，恢复后须重新授权才能工作。"
    return f"仍持有未收回的角色：{'、'.join(held)}。请先核对是否还合适。"


def _place(grant: Any, names: dict[str, Any]) -> str:
    if grant.site_id:
        return str(names["sites"].get(grant.site_id, "示范点"))
    if grant.organisation_id:
        return f"{names['organisations'].get(grant.organisation_id, '机构')}的示范点"
    return "全市"


@console.route("/staff/<string:staff_id>/second-factor", methods=["GET", "POST"])
@signed_in("staff.manage", fresh=True)
def reset_second_factor(staff_id: str) -> Response:
    """Take off a lost second factor."""
    person, form = _look(staff_id), ReasonForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                staff.reset_second_factor(
                    session,
                    staff_id=person.id,
                    reason=form.reason.data,
                    actor=current_actor(),
                    now=clock.now(),
                )
            return done(_back(person), f"{person.display_name}的动态验证码已解除，下次登录时重新绑定。")
    about = (
        f"仅在{person.display_name}丢失手机且恢复码也找不到时使用。请先当面或电话核实是本人。",
        "解除后，该账号在所有设备上的登录立即失效，下次登录须重新绑定身份验证器。",
    )
    act = Act(
        f"解除{person.display_name}的动态验证码",
        about,
        "解除绑定",
        _back(person),
        danger=True,
        topic="staff",
    )
    return act_page(act, form)


guide(
    "staff",
    "管理人员账号",
    "为工作人员开账号、授权、停用。密码由本人设置，管理员看不到。",
    steps=(
        "点“新建账号”，填写用户名、姓名和机构，把生成的一次性链接单独发给本人。",
        "本人打开链接，设置密码，绑定身份验证器，账号即可使用。",
        "在账号页点“授予角色”，选择角色和范围。系统管理员、个人信息保护负责人须由另一位管理员批准后才生效。",
        "离岗时点“停用账号”：先看列出的未办结事项，选择接手人，再确认。",
    ),
    notes=(
        "不能修改自己的角色，请由另一位管理员操作。",
        "手机丢失：先用恢复码登录；恢复码也丢失时，管理员核实本人后解除动态验证码。",
    ),
)
