"""Where the console's routes live, and what holds for all: tokens of forms, headers, failures as pages."""

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from miniprogram_api.console.calls import is_call, tell_failure
from miniprogram_api.console.forms import ConsoleForm
from miniprogram_api.console.forms.account import ProofForm, SignInForm
from miniprogram_api.console.interrupted import Act, act_at_hand
from miniprogram_api.console.leaving import leave
from miniprogram_api.console.pages import recognise_quietly
from miniprogram_api.kernel.errors import NotFound, Unauthenticated
from miniprogram_api.web import cookies, messages
from miniprogram_api.web.api import explain
from miniprogram_api.web.auth import SecondFactorDue, public
from miniprogram_api.web.uploads import most_bytes_of

console = Blueprint("console", __name__, url_prefix="/console", template_folder="templates")
csrf = CSRFProtect()

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; object-src 'none'; base-uri 'none';"
        " form-action 'self'; frame-ancestors 'none'"
    ),
    # Without a referrer browsers say of a form that it comes from nowhere, and origins could not be compared.
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}
_SAFE = {"GET", "HEAD", "OPTIONS"}
_TITLES = {
    400: "页面已过期",
    403: "没有权限",
    404: "没有找到",
    405: "不能这样打开",
    413: "内容太大",
    429: "操作太频繁",
    503: "系统繁忙",
}
_EXPIRED = "页面停留太久或在别处重新登录过，请返回上一页刷新后再提交。"
_NOT_HERE = "这个地址没有内容，或者不在您的权限范围内。"


@console.before_request
def check_origin() -> None:
    """Refuse what changes something and does not come from a page of ours."""
    if request.method not in _SAFE:
        # The token is in the body, which is read here, before the view could say how large a file may be.
        request.max_content_length = most_bytes_of(request.endpoint)
        if cookies.is_from_elsewhere():
            raise CSRFError
        csrf.protect()


@console.after_request
def add_headers(response: Response) -> Response:
    """Pages may load what is ours and nothing else."""
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
    return response


@console.errorhandler(Exception)
def show_failure(error: Exception) -> AnyResponse:
    """A failure as a page in plain words; who is not signed in is asked to sign in and comes back."""
    if is_call():
        return tell_failure(error)
    if isinstance(error, Unauthenticated):
        if request.endpoint == "console.sign_out":
            leave()  # the session was over before
        return _sign_in_first()
    if isinstance(error, SecondFactorDue):
        return _prove_again()
    if isinstance(error, HTTPException) and (error.response is not None or (error.code or 500) < 400):
        return error.get_response()  # a redirect
    status, code, params = explain(error)
    text = messages.text(code, params, english=False)
    if isinstance(error, CSRFError):
        text = _EXPIRED
    elif status == 404:
        text = _NOT_HERE
    title = _TITLES.get(status, "出了点问题")
    response = make_response(render_template("console/failure.html", title=title, text=text), status)
    if "retry_after_s" in params:
        response.headers["Retry-After"] = str(params["retry_after_s"])
    return response


def _sign_in_first() -> AnyResponse:
    act = act_at_hand()
    if not act.fields:
        return _elsewhere(url_for("console.sign_in", next=act.address))
    return _ask("sign_in.html", SignInForm(formdata=None), act, 401)


def _prove_again() -> AnyResponse:
    """Ask for the second factor; what was being sent goes along, so that nothing has to be typed again."""
    act = act_at_hand()
    if not act.fields and request.method in _SAFE:
        return _elsewhere(url_for("console.prove_again", next=act.address))
    return _ask("prove_again.html", ProofForm(formdata=None), act, 403)


def _ask(template: str, form: ConsoleForm, act: Act, status: int) -> AnyResponse:
    """A page in place of the one that was asked for; also where a part of a page was."""
    is_part = bool(request.headers.get("HX-Request"))
    text = render_template(f"console/account/{template}", act=act, form=form)
    response = make_response(text, 200 if is_part else status)
    response.headers["HX-Retarget"] = response.headers["HX-Reselect"] = "body"
    return response


def _elsewhere(address: str) -> AnyResponse:
    if request.headers.get("HX-Request"):
        return Response(status=200, headers={"HX-Redirect": address})
    return redirect(address, 303)


@console.route("/<path:unknown>", methods=["GET", "POST"])
@public
def refuse_unknown(unknown: str) -> Any:
    """An address under the console that nothing is at."""
    recognise_quietly()
    raise NotFound
