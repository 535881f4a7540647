"""One's own account: where one is signed in, and the password."""

from flask import request, url_for
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.account import PasswordForm
from miniprogram_api.console.leaving import leave
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.identity import doorway
from miniprogram_api.identity.service import staff_passwords, staff_profiles, staff_sessions
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.web import cookies
from miniprogram_api.web.schemas import parse_id


@console.get("/account")
@signed_in("staff.self")
def show_account() -> Response:
    """Who one is here, what one may do, and where one is signed in."""
    principal = current_principal()
    with reading() as session:
        profile = staff_profiles.get_profile(session, principal.id)
        idle_minutes = staff_sessions.IDLE_MINUTES.value(session, clock.now())
        found = staff_sessions.list_sessions(
            session,
            staff_id=principal.id,
            current_id=principal.session_id,
            now=clock.now(),
            limit=20,
            cursor=request.args.get("cursor"),
        )
    return page("account/account.html", profile=profile, sessions=found, idle_minutes=idle_minutes)


@console.post("/account/sessions/<string:session_id>/end")
@signed_in("staff.self")
def end_session(session_id: str) -> Response:
    """Sign out on another device."""
    with atomic() as session:
        staff_sessions.end_session(
            session,
            staff_id=current_principal().id,
            session_id=parse_id(session_id),
            actor=current_actor(),
            now=clock.now(),
        )
    return done(url_for("console.show_account"), "那台设备已退出登录。")


@console.post("/account/sessions/end-all")
@signed_in("staff.self")
def end_all_sessions() -> Response:
    """Sign out everywhere, here too."""
    with atomic() as session:
        ended = staff_sessions.end_all(
            session,
            staff_id=current_principal().id,
            actor=current_actor(),
            reason="signed_out_everywhere",
            now=clock.now(),
        )
    leave()
    response = done(url_for("console.sign_in"), f"已在全部 {ended} 台设备上退出登录。")
    cookies.drop(response, cookies.STAFF)
    return response


@console.route("/account/password", methods=["GET", "POST"])
@signed_in("staff.self")
def change_password() -> Response:
    """Choose another password; every other session ends."""
    form, rules = PasswordForm(), doorway.profile()
    if form.validate_on_submit():
        with showing_refusals(form):
            _change(form)
            return done(url_for("console.show_account"), "密码已更换，其他设备上的登录已失效。")
    return page("account/password.html", form=form, rules=rules)


def _change(form: PasswordForm) -> None:
    principal, rules = current_principal(), doorway.profile()
    with reading() as session:
        owner = staff_passwords.find_owner(session, principal.id, history=rules.history)
    change = staff_passwords.prepare(
        owner,
        current=form.current_password.data,
        new=form.new_password.data,
        profile=rules,
        field="new_password",
    )
    with atomic() as session:
        outcome = staff_passwords.change_password(
            session,
            change=change,
            session_id=principal.session_id,
            origin=doorway.origin(),
            actor=current_actor(),
            now=clock.now(),
        )
    doorway.granted(outcome)
