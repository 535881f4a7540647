"""Members over HTTP: sign in with a WeChat code, and everything under /me."""

from http import HTTPStatus
from typing import Any

from flask import current_app, g

from miniprogram_api.identity.consent_texts import current_texts
from miniprogram_api.identity.errors import PhoneNotMainland, RefreshRejected
from miniprogram_api.identity.models import Erasure
from miniprogram_api.identity.rules import MAINLAND, mainland_mobile
from miniprogram_api.identity.schemas import members as wire
from miniprogram_api.identity.service import consents, members, personal_data, sessions
from miniprogram_api.identity.service.consents import Decision
from miniprogram_api.identity.service.members import PhoneSource, Profile
from miniprogram_api.identity.service.sessions import SignedIn
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading, retrying
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, public, requires
from miniprogram_api.web.limits import hit, limited
from miniprogram_api.web.prepared import prepared
from miniprogram_api.wechat.gateway import Gateway, Login

sessions_blp = Routes("members-sessions", __name__, url_prefix="/api/v1", description="Signing in and out")
me_blp = Routes("members-me", __name__, url_prefix="/api/v1", description="A member's own data")
BLUEPRINTS = (sessions_blp, me_blp)


def _wechat() -> Gateway:
    gateway: Gateway = current_app.extensions["wechat"]
    return gateway


@sessions_blp.post("/sessions")
@public
@limited("login", "10/minute", per="ip", fail_closed=True)
@sessions_blp.arguments(wire.SignInBody, example={"code": "0a3Xyz1w3QxNfZ2v8B0w3e5Z4C3Xyz1K"})
@sessions_blp.response(HTTPStatus.CREATED, wire.SignedInView, example=wire.SIGNED_IN)
def sign_in(body: dict[str, Any]) -> SignedIn:
    """Sign in with a code of wx.login; whoever comes for the first time becomes a member."""
    return _open_session(_wechat().login(body["code"]))


# Retried by itself: the whole view would send the code again, which WeChat takes once.
@retrying
def _open_session(login: Login) -> SignedIn:
    with atomic() as session:
        return sessions.sign_in(
            session,
            openid=login.openid,
            unionid=login.unionid,
            now=clock.now(),
            request_id=g.get("request_id"),
        )


@sessions_blp.post("/sessions/refresh")
@public
@limited("refresh", "60/minute", per="ip")
@sessions_blp.arguments(wire.RefreshBody, example={"refresh_token": "rf_8Kd1…"})
@sessions_blp.response(HTTPStatus.OK, wire.SignedInView, example=wire.SIGNED_IN)
def refresh_session(body: dict[str, Any]) -> SignedIn:
    """Exchange a refresh token for a new pair, once; a token used before ends its whole family."""
    with atomic() as session:
        signed_in = sessions.rotate(
            session,
            refresh_token=body["refresh_token"],
            now=clock.now(),
            request_id=g.get("request_id"),
        )
    if signed_in is None:
        raise RefreshRejected
    return signed_in


@sessions_blp.delete("/sessions/current")
@requires("member.self")
@sessions_blp.response(HTTPStatus.NO_CONTENT)
def end_session() -> None:
    """Log out here."""
    principal = current_principal()
    with atomic() as session:
        sessions.end_session(
            session,
            member_id=principal.id,
            session_id=principal.session_id,
            actor=current_actor(),
            now=clock.now(),
        )


@sessions_blp.delete("/sessions")
@requires("member.self")
@sessions_blp.response(HTTPStatus.NO_CONTENT)
def end_all_sessions() -> None:
    """Log out everywhere."""
    with atomic() as session:
        sessions.end_all_sessions(
            session, member_id=current_principal().id, actor=current_actor(), now=clock.now()
        )


@me_blp.get("/me")
@requires("member.self")
@me_blp.response(HTTPStatus.OK, wire.MemberView, example=wire.MEMBER)
def show_me() -> Profile:
    """The caller's profile, the phone number masked."""
    with reading() as session:
        return members.get_profile(session, current_principal().id)


@me_blp.patch("/me")
@requires("member.self")
@me_blp.arguments(wire.ChangeProfileBody, example={"nickname": "小林"})
@me_blp.response(HTTPStatus.OK, wire.MemberView, example=wire.MEMBER)
def change_me(body: dict[str, Any]) -> Profile:
    """Change the profile; what is not named stays."""
    member_id = current_principal().id
    if "nickname" not in body:
        with reading() as session:
            return members.get_profile(session, member_id)
    with atomic() as session:
        return members.change_nickname(
            session, member_id=member_id, nickname=body["nickname"], actor=current_actor()
        )


@me_blp.delete("/me")
@requires("member.self")
@me_blp.response(HTTPStatus.ACCEPTED, wire.ErasureView, example=wire.ERASED)
def erase_me() -> Erasure:
    """Close the account: cancel what lies ahead, erase what identifies the member, and give a receipt."""
    with atomic() as session:
        return personal_data.erase_member(
            session, member_id=current_principal().id, actor=current_actor(), now=clock.now()
        )


@me_blp.get("/me/export")
@requires("member.self")
@limited("export", "3/hour", per="principal")
@me_blp.response(HTTPStatus.OK, wire.ExportView, example=wire.EXPORTED)
def export_me() -> tuple[dict[str, Any], int, dict[str, str]]:
    """A copy of everything held of the caller, in full."""
    with reading() as session:
        data = personal_data.export_member(session, current_principal().id)
    headers = {"Content-Disposition": 'attachment; filename="my-data.json"'}
    return {"generated_at": clock.now(), "data": data}, HTTPStatus.OK, headers


@me_blp.post("/me/phone")
@requires("member.self")
@me_blp.arguments(wire.SetPhoneBody, example={"phone": "13800138000"})
@me_blp.response(HTTPStatus.OK, wire.MemberView, example=wire.MEMBER)
def set_phone(body: dict[str, Any]) -> Profile:
    """Keep a phone number: by the code of WeChat's phone button, which verifies it, or typed."""
    if "code" in body:
        return _keep_phone(_phone_of(body["code"]), PhoneSource.WECHAT)
    return _keep_phone(body["phone"], PhoneSource.TYPED)


def _phone_of(code: str) -> str:
    member_id = current_principal().id
    # Each exchange is paid for.
    hit("phone_code", "10/hour", str(member_id), fail_closed=True)
    with reading() as session:
        openid = members.get_openid(session, member_id)
    found = _wechat().phone_number(code, openid)
    number = mainland_mobile(found.number) if found.country_code == MAINLAND else None
    if number is None:
        raise PhoneNotMainland
    return number


# Retried by itself: a phone code, too, is taken once.
@retrying
def _keep_phone(phone: str, source: PhoneSource) -> Profile:
    with atomic() as session:
        return members.set_phone(
            session,
            member_id=current_principal().id,
            phone=phone,
            source=source,
            actor=current_actor(),
            now=clock.now(),
        )


@me_blp.delete("/me/phone")
@requires("member.self")
@me_blp.response(HTTPStatus.NO_CONTENT)
def remove_phone() -> None:
    """Forget the phone number."""
    with atomic() as session:
        members.remove_phone(session, member_id=current_principal().id, actor=current_actor())


@me_blp.get("/consent-texts")
@public
@me_blp.response(HTTPStatus.OK, wire.ConsentTextsView, example=wire.CONSENT_TEXTS)
@prepared
def list_consent_texts() -> dict[str, Any]:
    """What members are asked to agree to, readable before anybody signs in."""
    dumped: dict[str, Any] = wire.ConsentTextsView().dump({"items": current_texts()})
    return dumped


@me_blp.get("/me/consents")
@requires("member.self")
@me_blp.response(HTTPStatus.OK, wire.ConsentsView, example=wire.CONSENTS)
def list_consents() -> dict[str, Any]:
    """Each purpose with the text in force and the caller's decisions on it."""
    with reading() as session:
        return {"items": consents.list_consents(session, current_principal().id)}


@me_blp.put("/me/consents")
@requires("member.self")
@me_blp.arguments(
    wire.DecideConsentsBody,
    example={"items": [{"purpose": "location", "granted": True, "text_version": "2026-11-01"}]},
)
@me_blp.response(HTTPStatus.OK, wire.ConsentsView, example=wire.CONSENTS)
def decide_consents(body: dict[str, Any]) -> dict[str, Any]:
    """Agree or withdraw, one purpose or several; purposes not named stay as they are."""
    decisions = [Decision(**item) for item in body["items"]]
    with atomic() as session:
        states = consents.decide(
            session,
            member_id=current_principal().id,
            decisions=decisions,
            actor=current_actor(),
            now=clock.now(),
        )
    return {"items": states}
