"""Staff over HTTP: sign in with password and second factor, one's own sessions and password."""

from http import HTTPStatus
from typing import Any

from miniprogram_api.identity import doorway
from miniprogram_api.identity.routes import audit, staff_accounts
from miniprogram_api.identity.schemas import staff as wire
from miniprogram_api.identity.service import sign_in, staff_passwords, staff_profiles, staff_sessions
from miniprogram_api.identity.service.sign_in import Enrolled, Enrolment, SignedIn
from miniprogram_api.identity.service.staff_profiles import StaffProfile
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, public, requires
from miniprogram_api.web.schemas import Paging, parse_id

sessions_blp = Routes(
    "staff-sessions", __name__, url_prefix="/api/staff/v1", description="Signing in and out"
)
me_blp = Routes("staff-me", __name__, url_prefix="/api/staff/v1", description="One's own account")
BLUEPRINTS = (sessions_blp, me_blp, *staff_accounts.BLUEPRINTS, *audit.BLUEPRINTS)


@sessions_blp.post("/sessions")
@public
@sessions_blp.arguments(wire.SignInBody, example=wire.SIGN_IN)
@sessions_blp.response(HTTPStatus.CREATED, wire.StaffSignedInView, example=wire.SIGNED_IN)
def open_session(body: dict[str, Any]) -> SignedIn:
    """Sign in. An account without a second factor is told to enrol one: `auth.totp_enrolment_required`."""
    proof = doorway.prove(body["username"], body["password"])
    with atomic() as session:
        outcome = sign_in.sign_in(
            session,
            proof=proof,
            code=body["totp"],
            profile=doorway.profile(),
            origin=doorway.origin(),
            now=clock.now(),
        )
    return doorway.granted(outcome)


@sessions_blp.post("/sessions/totp-enrolment")
@public
@sessions_blp.arguments(wire.CredentialsBody, example=wire.CREDENTIALS)
@sessions_blp.response(HTTPStatus.CREATED, wire.EnrolmentView, example=wire.ENROLMENT)
def begin_enrolment(body: dict[str, Any]) -> Enrolment:
    """Get a secret for an authenticator app; asking again replaces one that was not confirmed."""
    proof = doorway.prove(body["username"], body["password"])
    with atomic() as session:
        outcome = sign_in.begin_enrolment(session, proof=proof, origin=doorway.origin(), now=clock.now())
    return doorway.granted(outcome)


@sessions_blp.post("/sessions/totp-enrolment/confirmation")
@public
@sessions_blp.arguments(wire.ConfirmEnrolmentBody, example=wire.SIGN_IN)
@sessions_blp.response(HTTPStatus.CREATED, wire.EnrolledView, example=wire.ENROLLED)
def finish_enrolment(body: dict[str, Any]) -> Enrolled:
    """Prove that the app holds the secret; answers the first session, and the recovery codes this once."""
    proof = doorway.prove(body["username"], body["password"])
    with atomic() as session:
        outcome = sign_in.finish_enrolment(
            session, proof=proof, code=body["totp"], origin=doorway.origin(), now=clock.now()
        )
    return doorway.granted(outcome)


@sessions_blp.get("/sessions")
@requires("staff.self")
@sessions_blp.arguments(Paging, location="query")
@sessions_blp.response(
    HTTPStatus.OK, wire.StaffSessionsView, example={"items": [wire.SESSION], "next_cursor": None}
)
def list_sessions(query: dict[str, Any]) -> dict[str, Any]:
    """Where the caller is signed in."""
    principal = current_principal()
    with reading() as session:
        page = staff_sessions.list_sessions(
            session, staff_id=principal.id, current_id=principal.session_id, now=clock.now(), **query
        )
    return {"items": page.items, "next_cursor": page.next_cursor}


@sessions_blp.delete("/sessions/current")
@requires("staff.self")
@sessions_blp.response(HTTPStatus.NO_CONTENT)
def end_current_session() -> None:
    """Sign out here."""
    principal = current_principal()
    with atomic() as session:
        staff_sessions.end_session(
            session,
            staff_id=principal.id,
            session_id=principal.session_id,
            actor=current_actor(),
            now=clock.now(),
        )


@sessions_blp.post("/sessions/current/second-factor")
@requires("staff.self")
@sessions_blp.arguments(wire.ShowSecondFactorBody, example={"totp": "123456"})
@sessions_blp.response(HTTPStatus.OK, wire.FreshView, example={"fresh_until": "2026-11-23T10:30:00+08:00"})
def show_second_factor(body: dict[str, Any]) -> dict[str, Any]:
    """Show a fresh code, as an act asks for that was refused with `auth.second_factor_due`."""
    principal = current_principal()
    doorway.slow_down_network()
    with reading() as session:
        claim = sign_in.get_claim(session, principal.id)
    with atomic() as session:
        outcome = sign_in.show_second_factor(
            session,
            claim=claim,
            session_id=principal.session_id,
            code=body["totp"],
            origin=doorway.origin(),
            actor=current_actor(),
            now=clock.now(),
        )
    return {"fresh_until": doorway.granted(outcome)}


@sessions_blp.delete("/sessions/<string:session_id>")
@requires("staff.self")
@sessions_blp.response(HTTPStatus.NO_CONTENT)
def end_session(session_id: str) -> None:
    """Sign out on another device."""
    with atomic() as session:
        staff_sessions.end_session(
            session,
            staff_id=current_principal().id,
            session_id=parse_id(session_id),
            actor=current_actor(),
            now=clock.now(),
        )


@sessions_blp.delete("/sessions")
@requires("staff.self")
@sessions_blp.response(HTTPStatus.NO_CONTENT)
def end_all_sessions() -> None:
    """Sign out everywhere."""
    with atomic() as session:
        staff_sessions.end_all(
            session,
            staff_id=current_principal().id,
            actor=current_actor(),
            reason="signed_out_everywhere",
            now=clock.now(),
        )


@me_blp.get("/me")
@requires("staff.self")
@me_blp.response(HTTPStatus.OK, wire.StaffView, example=wire.STAFF)
def show_me() -> StaffProfile:
    """The caller's account and the roles it holds."""
    with reading() as session:
        return staff_profiles.get_profile(session, current_principal().id)


@me_blp.post("/me/password")
@requires("staff.self")
@me_blp.arguments(
    wire.ChangePasswordBody,
    example={"current_password": "7K3M-9Q2X-4V6T-8R5W", "new_password": "a long phrase of One's own 7"},
)
@me_blp.response(HTTPStatus.NO_CONTENT)
def change_password(body: dict[str, Any]) -> None:
    """Change one's password; every other session of the account ends."""
    principal, profile = current_principal(), doorway.profile()
    with reading() as session:
        owner = staff_passwords.find_owner(session, principal.id, history=profile.history)
    change = staff_passwords.prepare(
        owner,
        current=body["current_password"],
        new=body["new_password"],
        profile=profile,
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
