"""How a view answers: a page, a page with what is wrong, or on to the next with a word on what was done."""

from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Any

from flask import Flask, Response, flash, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from miniprogram_api.console.access import Principal, PrincipalKind, current_principal
from miniprogram_api.console.forms import ConsoleForm
from miniprogram_api.console.leaving import forgets_gates
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.errors import AppError, Forbidden, NotFound, Unauthenticated
from miniprogram_api.web.auth import recognise


def init_pages(app: Flask) -> None:
    """Let every template know who is signed in and what time it is."""
    app.context_processor(_surroundings)
    app.jinja_env.globals["here"] = here  # macros, which see nothing of a page, need it too
    app.jinja_env.globals["forgets_gates"] = forgets_gates


def _surroundings() -> dict[str, Any]:
    principal: Principal | None = g.get("principal")
    may = principal.may if principal else lambda _: False
    return {"principal": principal, "now": clock.now, "may": may, "home": _home(principal)}


def _home(principal: Principal | None) -> str:
    """Where somebody starts: a gate's tablet has its page and no other."""
    if principal is not None and principal.kind is PrincipalKind.DEVICE:
        return url_for("console.open_gate", site_id=principal.grants[0].site_id)
    return url_for("console.start")


def page(template: str, *, status: int | None = None, **values: Any) -> Response:
    """A page of the console; one whose `form` was refused says so by its status, 422."""
    form = values.setdefault("form", None)
    refused = form is not None and bool(form.errors)
    return make_response(
        render_template(f"console/{template}", **values), status or (422 if refused else 200)
    )


def done(address: str, told: str | None = None) -> AnyResponse:
    """On to the next page, which says what was done."""
    if told:
        flash(told)
    return redirect(address, 303)


@contextmanager
def showing_refusals(form: ConsoleForm) -> Generator[None]:
    """Show on the form why a command refused; who may not, or what is not there, is a page of its own."""
    try:
        yield
    except (Unauthenticated, Forbidden, NotFound):
        raise
    except AppError as error:
        form.refuse(error)


def recognise_quietly() -> None:
    """On a page for anyone, know who is signed in, if somebody is."""
    with suppress(Unauthenticated):
        g.principal = recognise()


def here(**changes: str | None) -> str:
    """The address of this page with some of its query changed; None takes a name out."""
    query: dict[str, Any] = request.args.to_dict() | changes
    kept = {name: value for name, value in query.items() if value not in {None, ""}}
    return url_for(request.endpoint or "console.start", **(request.view_args or {}), **kept)


def own_may(permission: str, *, site: Any) -> bool:
    """Whether who is signed in holds a permission at a site, for what a page offers."""
    return current_principal().may_at(permission, site_id=site.id, organisation_id=site.operator_id)
