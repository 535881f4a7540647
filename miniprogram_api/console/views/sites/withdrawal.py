"""The withdrawal of a site: how it goes, and whom to call about it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from flask import request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from miniprogram_api.console.access import Principal, current_actor, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.sites.corrections import RevealForm
from miniprogram_api.console.pages import done, own_may, page
from miniprogram_api.console.scope import look_at
from miniprogram_api.console.waiting import Waiting, waits
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.queries.withdrawals import find_progress, list_recent_sites
from miniprogram_api.registry.service import withdrawal_calls
from miniprogram_api.sites.queries import names_of_sites
from miniprogram_api.web.schemas import parse_id

_PER_PAGE = 50
_RECENTLY = timedelta(days=7)


@waits("withdrawals.view")
def count_withdrawals(session: Session, principal: Principal, now: datetime) -> Iterator[Waiting]:
    """Withdrawals that are carried out, or were lately: people may have to be called."""
    found = list_recent_sites(session, principal, since=now - _RECENTLY)
    names = names_of_sites(session, found)
    for site_id in found:
        address = url_for("console.show_withdrawal", site_id=site_id)
        yield Waiting(
            f"个示范点正在退出 · {names.get(site_id, '')}：查看取消和通知的进度", 1, address, urgent=True
        )


@console.get("/sites/<string:site_id>/withdrawal")
@signed_in("withdrawals.view")
def show_withdrawal(site_id: str) -> Response:
    """How far the last withdrawal of a site has been carried out."""
    with reading() as session:
        site = look_at(session, site_id, "withdrawals.view")
        progress = find_progress(session, site.id, now=clock.now())
    return page(
        "sites/withdrawal.html",
        site=site,
        progress=progress,
        may_call=own_may("withdrawals.call", site=site),
        form=RevealForm(),
    )


@console.post("/sites/<string:site_id>/withdrawal/calls")
@signed_in("withdrawals.call", fresh=True)
def list_calls(site_id: str) -> Response:
    """Whom to call, unmasked; each look is recorded with its reason."""
    with reading() as session:
        site = look_at(session, site_id, "withdrawals.call")
        progress = find_progress(session, site.id, now=clock.now())
    form, calls = RevealForm(), None
    if form.validate():
        with atomic() as session:
            calls = withdrawal_calls.list_calls(
                session,
                site_id=site.id,
                reason=form.reason.data,
                actor=current_actor(),
                limit=_PER_PAGE,
                cursor=request.form.get("cursor") or None,
            )
    response = page(
        "sites/withdrawal.html", site=site, progress=progress, may_call=True, form=form, calls=calls
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@console.post("/sites/<string:site_id>/withdrawal/calls/<string:call_id>/done")
@signed_in("withdrawals.call")
def tick_call(site_id: str, call_id: str) -> Response:
    """Note that somebody has been called."""
    with atomic() as session:
        site = look_at(session, site_id, "withdrawals.call")
        withdrawal_calls.tick_call(
            session,
            site_id=site.id,
            booking_id=parse_id(call_id),
            actor=current_actor(),
            now=clock.now(),
        )
    return done(url_for("console.show_withdrawal", site_id=site_id), "已记下：这位预约人已通知到。")
