"""Staff administration over HTTP: accounts, their roles, organisations; never anything of members."""

from http import HTTPStatus
from typing import Any

from miniprogram_api.identity import passwords
from miniprogram_api.identity.models import Organisation
from miniprogram_api.identity.permissions import PERMISSIONS, ROLES
from miniprogram_api.identity.schemas import staff as wire
from miniprogram_api.identity.service import organisations, roles, staff, staff_passwords, staff_profiles
from miniprogram_api.identity.service.staff_profiles import HeldGrant, StaffProfile
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, requires
from miniprogram_api.web.schemas import Paging, parse_id

accounts_blp = Routes(
    "staff-accounts", __name__, url_prefix="/api/staff/v1", description="Staff accounts and roles"
)
organisations_blp = Routes(
    "staff-organisations", __name__, url_prefix="/api/staff/v1", description="Organisations"
)
BLUEPRINTS = (accounts_blp, organisations_blp)

_HANDED_OVER = {"staff": wire.STAFF, "one_time_password": "7K3M-9Q2X-4V6T-8R5W"}
_REASON = {"reason": "离岗"}


@accounts_blp.get("/staff")
@requires("staff.view")
@accounts_blp.arguments(wire.StaffFilter, location="query")
@accounts_blp.response(
    HTTPStatus.OK, wire.StaffListView, example={"items": [wire.STAFF], "next_cursor": None}
)
def list_staff(query: dict[str, Any]) -> dict[str, Any]:
    """Accounts by username."""
    with reading() as session:
        page = staff_profiles.list_profiles(session, **query)
    return {"items": page.items, "next_cursor": page.next_cursor}


@accounts_blp.post("/staff")
@requires("staff.manage")
@accounts_blp.arguments(
    wire.CreateStaffBody, example={"username": "li.hua", "display_name": "李华", "organisation_id": None}
)
@accounts_blp.response(HTTPStatus.CREATED, wire.HandedOverView, example=_HANDED_OVER)
def create_staff(body: dict[str, Any]) -> dict[str, Any]:
    """Make an account without roles. Nobody chooses its password: it is handed over and then changed."""
    one_time = staff_passwords.one_time_password()
    password_hash = passwords.hash_password(one_time)
    with atomic() as session:
        account = staff.create_account(
            session,
            **body,
            password_hash=password_hash,
            must_change_password=True,
            actor=current_actor(),
            now=clock.now(),
        )
        profile = staff_profiles.profile_of(session, account)
    return {"staff": profile, "one_time_password": one_time}


@accounts_blp.get("/staff/<string:staff_id>")
@requires("staff.view")
@accounts_blp.response(HTTPStatus.OK, wire.StaffView, example=wire.STAFF)
def show_staff(staff_id: str) -> StaffProfile:
    """One account and its roles."""
    with reading() as session:
        return staff_profiles.get_profile(session, parse_id(staff_id))


@accounts_blp.patch("/staff/<string:staff_id>")
@requires("staff.manage")
@accounts_blp.arguments(wire.ChangeStaffBody, example={"display_name": "李桦"})
@accounts_blp.response(HTTPStatus.OK, wire.StaffView, example=wire.STAFF)
def change_staff(body: dict[str, Any], staff_id: str) -> StaffProfile:
    """Rename an account, or move it; who leaves an organisation loses the roles held there and at sites."""
    wanted, actor = parse_id(staff_id), current_actor()
    with atomic() as session:
        if "display_name" in body:
            staff.rename_account(session, staff_id=wanted, display_name=body["display_name"], actor=actor)
        if "organisation_id" in body:
            roles.move_account(
                session,
                staff_id=wanted,
                organisation_id=body["organisation_id"],
                actor=actor,
                now=clock.now(),
            )
        return staff_profiles.get_profile(session, wanted)


@accounts_blp.post("/staff/<string:staff_id>/disable")
@requires("staff.manage")
@accounts_blp.arguments(wire.ReasonBody, example=_REASON)
@accounts_blp.response(HTTPStatus.OK, wire.StaffView, example=wire.STAFF)
def disable_staff(body: dict[str, Any], staff_id: str) -> StaffProfile:
    """Refuse the account from now on and end all its sessions."""
    with atomic() as session:
        account = staff.disable_account(
            session, staff_id=parse_id(staff_id), actor=current_actor(), now=clock.now(), **body
        )
        return staff_profiles.profile_of(session, account)


@accounts_blp.post("/staff/<string:staff_id>/enable")
@requires("staff.manage")
@accounts_blp.arguments(wire.ReasonBody, example={"reason": "返岗"})
@accounts_blp.response(HTTPStatus.OK, wire.StaffView, example=wire.STAFF)
def enable_staff(body: dict[str, Any], staff_id: str) -> StaffProfile:
    """Let a disabled account sign in again, with the roles it still holds."""
    with atomic() as session:
        account = staff.enable_account(session, staff_id=parse_id(staff_id), actor=current_actor(), **body)
        return staff_profiles.profile_of(session, account)


@accounts_blp.post("/staff/<string:staff_id>/password-reset")
@requires("staff.manage", fresh=True)
@accounts_blp.response(HTTPStatus.OK, wire.HandedOverView, example=_HANDED_OVER)
def reset_password(staff_id: str) -> dict[str, Any]:
    """Replace a lost password by a one-time one, and end all sessions."""
    one_time = staff_passwords.one_time_password()
    password_hash = passwords.hash_password(one_time)
    with atomic() as session:
        account = staff_passwords.reset_password(
            session,
            staff_id=parse_id(staff_id),
            password_hash=password_hash,
            actor=current_actor(),
            now=clock.now(),
        )
        profile = staff_profiles.profile_of(session, account)
    return {"staff": profile, "one_time_password": one_time}


@accounts_blp.post("/staff/<string:staff_id>/totp-reset")
@requires("staff.manage", fresh=True)
@accounts_blp.arguments(wire.ReasonBody, example={"reason": "手机遗失"})
@accounts_blp.response(HTTPStatus.OK, wire.StaffView, example=wire.STAFF)
def reset_totp(body: dict[str, Any], staff_id: str) -> StaffProfile:
    """Take off a lost second factor and end all sessions; the next sign-in enrols another."""
    with atomic() as session:
        account = staff.reset_second_factor(
            session, staff_id=parse_id(staff_id), actor=current_actor(), now=clock.now(), **body
        )
        return staff_profiles.profile_of(session, account)


@accounts_blp.post("/staff/<string:staff_id>/grants")
@requires("staff.manage", fresh=True)
@accounts_blp.arguments(
    wire.GrantRoleBody, example={"role": "gate", "site_id": "01990f3e-7c1a-7b52-9d0e-5a4f7d1c2b3d"}
)
@accounts_blp.response(HTTPStatus.CREATED, wire.GrantView, example=wire.GRANT)
def grant_role(body: dict[str, Any], staff_id: str) -> HeldGrant:
    """Give a role; it counts from the account's next request on, `admin` and `dpo` once another approves."""
    with atomic() as session:
        grant = roles.grant_role(
            session, staff_id=parse_id(staff_id), actor=current_actor(), now=clock.now(), **body
        )
        return staff_profiles.held(grant)


@accounts_blp.delete("/staff/<string:staff_id>/grants/<string:grant_id>")
@requires("staff.manage")
@accounts_blp.arguments(wire.ReasonQuery, location="query")
@accounts_blp.response(HTTPStatus.NO_CONTENT)
def revoke_grant(query: dict[str, Any], staff_id: str, grant_id: str) -> None:
    """Take a role back; the account's next request is judged without it."""
    with atomic() as session:
        roles.revoke_grant(
            session,
            staff_id=parse_id(staff_id),
            grant_id=parse_id(grant_id),
            actor=current_actor(),
            now=clock.now(),
            **query,
        )


@accounts_blp.post("/staff/<string:staff_id>/grants/<string:grant_id>/restore")
@requires("staff.manage", fresh=True)
@accounts_blp.response(HTTPStatus.OK, wire.GrantView, example=wire.GRANT)
def restore_grant(staff_id: str, grant_id: str) -> HeldGrant:
    """Let a role count again that was frozen when its site got another operator."""
    with atomic() as session:
        grant = roles.restore_grant(
            session, staff_id=parse_id(staff_id), grant_id=parse_id(grant_id), actor=current_actor()
        )
        return staff_profiles.held(grant)


@accounts_blp.post("/staff/<string:staff_id>/grants/<string:grant_id>/approve")
@requires("staff.manage", fresh=True)
@accounts_blp.response(HTTPStatus.OK, wire.GrantView, example=wire.GRANT)
def approve_grant(staff_id: str, grant_id: str) -> HeldGrant:
    """Let a role count that another administrator gave and that takes two."""
    with atomic() as session:
        grant = roles.approve_grant(
            session,
            staff_id=parse_id(staff_id),
            grant_id=parse_id(grant_id),
            actor=current_actor(),
            now=clock.now(),
        )
        return staff_profiles.held(grant)


@accounts_blp.get("/roles")
@requires("staff.view")
@accounts_blp.response(HTTPStatus.OK, wire.RolesView, example=wire.ROLES)
def list_roles() -> dict[str, Any]:
    """The policy: what each role may do, over what it can be held, and what each permission means."""
    items = [
        {"role": role.value, "reaches": sorted(policy.reaches), "permissions": sorted(policy.may)}
        for role, policy in ROLES.items()
    ]
    return {"items": items, "permissions": dict(PERMISSIONS)}


@organisations_blp.get("/organisations")
@requires("staff.view")
@organisations_blp.arguments(Paging, location="query")
@organisations_blp.response(
    HTTPStatus.OK, wire.OrganisationsView, example={"items": [wire.ORGANISATION], "next_cursor": None}
)
def list_organisations(query: dict[str, Any]) -> dict[str, Any]:
    """Organisations in the order they were made."""
    with reading() as session:
        page = organisations.list_organisations(session, **query)
    return {"items": page.items, "next_cursor": page.next_cursor}


@organisations_blp.post("/organisations")
@requires("staff.manage")
@organisations_blp.arguments(
    wire.CreateOrganisationBody, example={"name": "长春市示范小学", "credit_code": None}
)
@organisations_blp.response(HTTPStatus.CREATED, wire.OrganisationView, example=wire.ORGANISATION)
def create_organisation(body: dict[str, Any]) -> Organisation:
    """Make an organisation that accounts can belong to."""
    with atomic() as session:
        return organisations.create_organisation(session, actor=current_actor(), now=clock.now(), **body)
