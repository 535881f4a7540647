"""The page that a link opens: its owner chooses a password, enrols the second factor and is signed in."""

from flask import url_for
from werkzeug.wrappers import Response

from miniprogram_api.console.access import anyone
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.staff import ChoosePasswordForm
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.views.sign_in import offer_enrolment
from miniprogram_api.identity import doorway
from miniprogram_api.identity.service import invitations, staff_profiles
from miniprogram_api.identity.service.invitations import OpenInvitation
from miniprogram_api.identity.service.sign_in import Proof
from miniprogram_api.identity.staff_errors import InvitationOver
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading


@console.route("/invitations/<string:token>", methods=["GET", "POST"])
@anyone
def open_invitation(token: str) -> Response:
    """Choose the password of one's account; a link that is over says whom to ask."""
    rules = doorway.profile()
    doorway.slow_down_network()
    try:
        with reading() as session:
            opened = invitations.open_invitation(session, token, history=rules.history, now=clock.now())
        form = ChoosePasswordForm()
        if form.validate_on_submit() and form.agree():
            with showing_refusals(form):
                return _accept(token, opened, form.password.data)
    except InvitationOver:
        return page("account/invitation_over.html", status=410)
    return page("account/invitation.html", invitation=opened, form=form, rules=rules)


def _accept(token: str, opened: OpenInvitation, password: str) -> Response:
    password_hash = invitations.prepare_password(
        opened, password, profile=doorway.profile(), field="password"
    )
    with atomic() as session:
        claim = invitations.accept(
            session, token=token, password_hash=password_hash, origin=doorway.origin(), now=clock.now()
        )
        enrolled = staff_profiles.get_profile(session, opened.staff_id).totp_enrolled
    if enrolled:
        return done(url_for("console.sign_in"), "新密码已设置，请用它登录。")
    return offer_enrolment(Proof(claim, matched=True))
