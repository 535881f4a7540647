"""What the scripts of a page ask of the console: answered in JSON, also when it fails."""

from collections.abc import Mapping
from typing import Any, NoReturn

from flask import Response, jsonify, request
from flask_wtf.csrf import CSRFError

from miniprogram_api.console.forms import ConsoleForm
from miniprogram_api.kernel.errors import Invalid
from miniprogram_api.web import cookies
from miniprogram_api.web.api import explain, problem, read_body, read_json


class FormRefused(Invalid):
    """A form that a script sent is wrong; `text` says what in the words of the form."""

    code = "console.form_refused"


def is_call() -> bool:
    """Whether a script asks; forms and links do not bear its header."""
    return bool(request.headers.get(cookies.PAGE_HEADER))


def answer(body: Mapping[str, Any], status: int = 200) -> Response:
    """What a script gets; nobody keeps it."""
    response = jsonify(body)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def tell_failure(error: Exception) -> Response:
    """A failure as the API tells it."""
    if isinstance(error, CSRFError):
        return problem(400, "console.page_expired")
    return problem(*explain(error), error.fields if isinstance(error, Invalid) else ())


def sent() -> dict[str, Any]:
    """The JSON object that a script sent; an empty one where it is none."""
    raw = read_body(request)
    body = read_json(raw) if raw else {}
    return body if isinstance(body, dict) else {}


def refuse_form(form: ConsoleForm) -> NoReturn:
    """Tell a script what is wrong with the form that it sent. Raises FormRefused."""
    raise FormRefused(text="".join(text for _, text in form.faults))
