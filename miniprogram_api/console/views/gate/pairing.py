"""Making a tablet a gate: its token is typed or pasted once, and from then on the browser carries it."""

from datetime import timedelta

from flask import url_for
from werkzeug.wrappers import Response as AnyResponse

from miniprogram_api.console.access import anyone
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.gate import PairForm
from miniprogram_api.console.leaving import leave
from miniprogram_api.console.pages import done, page
from miniprogram_api.identity.staff_authentication import authenticate_device
from miniprogram_api.web import cookies
from miniprogram_api.web.limits import hit_address

_RATE = "10/minute"
_LASTS = timedelta(days=180)
_UNKNOWN = "没有这个设备令牌。请从“闸机”页面复制完整的一串，以 gd_ 开头；令牌停用后需要新建。"


@console.route("/gate/pair", methods=["GET", "POST"])
@anyone
def pair_gate() -> AnyResponse:
    """Take a device's token and keep it where no script reads it."""
    form = PairForm()
    if not form.validate_on_submit():
        return page("gate/pair.html", form=form)
    hit_address("gate.pair", _RATE, fail_closed=True)
    token = form.token.data.strip()
    principal = authenticate_device(token)
    if principal is None:
        form.token.errors = [_UNKNOWN]
        return page("gate/pair.html", form=form)
    (grant,) = principal.grants
    response = done(url_for("console.open_gate", site_id=grant.site_id))
    # A person's sign-in would go before the device's.
    cookies.drop(response, cookies.STAFF)
    cookies.keep(response, cookies.DEVICE, token, lasts=_LASTS)
    return response


@console.post("/gate/unpair")
@anyone
def unpair_gate() -> AnyResponse:
    """Have this tablet forget its token; the token itself stays good until the device is revoked."""
    leave()
    response = done(url_for("console.pair_gate"), "这台设备已不再是闸机。要停用令牌，请在“闸机”页面操作。")
    cookies.drop(response, cookies.DEVICE)
    return response
