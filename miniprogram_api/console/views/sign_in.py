"""Signing in: the password, then the second factor or its enrolment; and that factor again when it is due.

Between the steps a sealed ticket says whose password was right, for five minutes. It opens nothing by itself.
"""

import json
from datetime import datetime, timedelta
from uuid import UUID

from flask import Response, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from miniprogram_api.console.access import anyone, current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.account import CodeForm, ProofForm, SignInForm
from miniprogram_api.console.interrupted import carried_act
from miniprogram_api.console.leaving import leave
from miniprogram_api.console.pages import done, page
from miniprogram_api.console.pictures import qr_picture
from miniprogram_api.identity import doorway
from miniprogram_api.identity.service import sign_in as signing
from miniprogram_api.identity.service import staff_sessions
from miniprogram_api.identity.service.sign_in import Enrolled, Proof, SignedIn
from miniprogram_api.identity.staff_errors import TotpEnrolmentRequired, TotpRequired
from miniprogram_api.kernel import clock, crypto
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import AppError, TooMany, Unavailable
from miniprogram_api.web import cookies

_TICKET = "console.sign_in"
_TICKET_LASTS = timedelta(minutes=5)


@console.route("/sign-in", methods=["GET", "POST"])
@anyone
def sign_in() -> AnyResponse:
    """Ask for username and password."""
    form = SignInForm()
    if not form.validate_on_submit():
        return page("account/sign_in.html", form=form, act=carried_act())
    try:
        proof = doorway.prove(form.username.data.strip(), form.password.data)
    except (TooMany, Unavailable) as refusal:
        return _refused("account/sign_in.html", form, refusal)
    with atomic() as transaction:
        outcome = signing.sign_in(
            transaction,
            proof=proof,
            code=None,
            profile=doorway.profile(),
            origin=doorway.origin(),
            now=clock.now(),
        )
    if isinstance(outcome, SignedIn):
        return _let_in(outcome)
    if isinstance(outcome, TotpRequired):
        return page("account/code.html", form=CodeForm(formdata=None, ticket=_seal(proof)), act=carried_act())
    if isinstance(outcome, TotpEnrolmentRequired):
        return offer_enrolment(proof)
    return _refused("account/sign_in.html", form, outcome)


@console.post("/sign-in/code")
@anyone
def sign_in_with_code() -> AnyResponse:
    """Take the second factor of whose password was right."""
    form = CodeForm()
    proof = _open_ticket(form.ticket.data)
    if proof is None:
        return _begin_anew()
    if not form.validate():
        return page("account/code.html", form=form, act=carried_act())
    doorway.slow_down_network()
    with atomic() as transaction:
        outcome = signing.sign_in(
            transaction,
            proof=proof,
            code=form.code.data,
            profile=doorway.profile(),
            origin=doorway.origin(),
            now=clock.now(),
        )
    return _let_in(outcome) if isinstance(outcome, SignedIn) else _refused("account/code.html", form, outcome)


@console.post("/sign-in/enrolment")
@anyone
def enrol_second_factor() -> AnyResponse:
    """Confirm the authenticator that was offered; shows the recovery codes this once."""
    form = CodeForm()
    proof = _open_ticket(form.ticket.data)
    if proof is None:
        return _begin_anew()
    if not form.validate():
        return offer_enrolment(proof, form)
    doorway.slow_down_network()
    with atomic() as transaction:
        outcome = signing.finish_enrolment(
            transaction, proof=proof, code=form.code.data, origin=doorway.origin(), now=clock.now()
        )
    if not isinstance(outcome, Enrolled):
        return _refused("account/code.html", form, outcome, action="console.enrol_second_factor")
    session.clear()
    response = page("account/recovery_codes.html", codes=outcome.recovery_codes, act=carried_act())
    return _keep(response, outcome.signed_in)


@console.post("/sign-out")
@signed_in("staff.self")
def sign_out() -> AnyResponse:
    """End the session of this browser."""
    principal = current_principal()
    with atomic() as transaction:
        staff_sessions.end_session(
            transaction,
            staff_id=principal.id,
            session_id=principal.session_id,
            actor=current_actor(),
            now=clock.now(),
        )
    session.clear()
    leave()
    response = done(url_for("console.sign_in"), "您已退出登录。")
    cookies.drop(response, cookies.STAFF)
    return response


@console.route("/second-factor", methods=["GET", "POST"])
@signed_in("staff.self")
def prove_again() -> AnyResponse:
    """Take a fresh code before a sensitive act, and go on with it."""
    form = ProofForm()
    act = carried_act()
    if not form.validate_on_submit():
        return page("account/prove_again.html", form=form, act=act)
    principal = current_principal()
    doorway.slow_down_network()
    with reading() as looking:
        claim = signing.get_claim(looking, principal.id)
    with atomic() as transaction:
        outcome = signing.show_second_factor(
            transaction,
            claim=claim,
            session_id=principal.session_id,
            code=form.code.data,
            origin=doorway.origin(),
            actor=current_actor(),
            now=clock.now(),
        )
    if isinstance(outcome, AppError):
        _count(outcome)
        form.refuse(outcome)
        return page("account/prove_again.html", form=form, act=act)
    return act.go_on()


def offer_enrolment(proof: Proof, refused: CodeForm | None = None) -> AnyResponse:
    """A new secret for the authenticator of whose password was right, as a picture to scan."""
    with atomic() as transaction:
        offer = signing.begin_enrolment(transaction, proof=proof, origin=doorway.origin(), now=clock.now())
    if isinstance(offer, AppError):
        return _refused("account/sign_in.html", SignInForm(formdata=None), offer)
    form = refused or CodeForm(formdata=None, ticket=_seal(proof))
    return page(
        "account/enrolment.html",
        form=form,
        secret=offer.secret,
        picture=qr_picture(offer.otpauth_uri),
        act=carried_act(),
    )


def _begin_anew() -> AnyResponse:
    form = SignInForm(formdata=None)
    form.form_errors.append("登录步骤已超过 5 分钟，请重新输入密码。")
    return page("account/sign_in.html", form=form, act=carried_act())


def _let_in(outcome: SignedIn) -> AnyResponse:
    session.clear()
    act = carried_act()
    return _keep(act.go_on(), outcome)


def _keep(response: AnyResponse, outcome: SignedIn) -> AnyResponse:
    cookies.keep(response, cookies.STAFF, outcome.access_token, lasts=outcome.expires_at - clock.now())
    return response


def _refused(
    template: str, form: SignInForm | CodeForm, refusal: AppError, *, action: str | None = None
) -> Response:
    _count(refusal)
    form.refuse(refusal)
    status = 429 if isinstance(refusal, TooMany) else None
    return page(template, form=form, act=carried_act(), action=action, status=status)


def _count(refusal: AppError) -> None:
    doorway.AUTH_FAILURES.labels(refusal.code).inc()


def _seal(proof: Proof) -> str:
    until = clock.now() + _TICKET_LASTS
    claim = proof.claim
    told = {"who": str(claim.staff_id), "with": _fingerprint(claim.password_hash), "until": until.isoformat()}
    return crypto.encrypt(json.dumps(told), context=_TICKET)


def _open_ticket(ticket: str | None) -> Proof | None:
    """The proof that a ticket stands for; None when it is over, or the password has changed since."""
    try:
        told = json.loads(crypto.decrypt(ticket or "", context=_TICKET))
    except crypto.DecryptionFailed:
        return None
    if clock.now() >= datetime.fromisoformat(told["until"]):
        return None
    with reading() as looking:
        claim = signing.get_claim(looking, UUID(told["who"]))
    return Proof(claim, matched=True) if _fingerprint(claim.password_hash) == told["with"] else None


def _fingerprint(password_hash: str | None) -> str:
    return crypto.blind_index(password_hash or "", purpose=_TICKET).hex()
