"""What is wrong in the registry's data: corrections asked for, and the site's own remarks meanwhile."""

import json
from typing import Any

from flask import request, url_for
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.sites.corrections import CorrectionForm, LocalNoteForm
from miniprogram_api.console.pages import done, own_may, page, showing_refusals
from miniprogram_api.console.scope import look_at, work_on
from miniprogram_api.console.views.sites.retiring import LOCAL_NOTES, bin_of
from miniprogram_api.console.words.sites import FIELD_NAMES
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.queries import corrections as queries
from miniprogram_api.registry.service import corrections
from miniprogram_api.registry.service.corrections import Claim
from miniprogram_api.sites.queries.local_notes import list_local_notes
from miniprogram_api.sites.service import local_notes

_PER_PAGE = 20
_FILE = "corrections.file"
_STATES = {
    "pending": ("待送达", "quiet"),
    "received": ("登记系统已收到", "warning"),
    "accepted": ("已受理", "warning"),
    "rejected": ("不予更正", "danger"),
    "applied": ("已更正", "good"),
    "refused": ("登记系统没有接收", "danger"),
}


@console.get("/sites/<string:site_id>/corrections")
@signed_in("corrections.view")
def list_corrections(site_id: str) -> Response:
    """The corrections with the registry's answers, and the remarks that are shown meanwhile."""
    with reading() as session:
        site = look_at(session, site_id, "corrections.view")
        found = queries.list_corrections(
            session, current_principal(), site.id, limit=_PER_PAGE, cursor=request.args.get("cursor")
        )
        notes = list_local_notes(session, site.id)
        retired = bin_of(session, LOCAL_NOTES, site)
    return page(
        "sites/corrections.html",
        site=site,
        corrections=found,
        notes=notes,
        retired=retired,
        states=_STATES,
        names=FIELD_NAMES,
        held=_say_held,
        may_file=own_may(_FILE, site=site),
    )


def _say_held(value: Any) -> str:
    """The value that was held when the correction was asked for."""
    if value is None:
        return "（空）"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


@console.route("/sites/<string:site_id>/corrections/new", methods=["GET", "POST"])
@signed_in(_FILE)
def file_correction(site_id: str) -> Response:
    """Ask the registry to correct a field that it owns."""
    with reading() as session:
        site = look_at(session, site_id, _FILE)
    form = CorrectionForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            claim = Claim(
                field=form.field.data,
                claimed_value=form.claimed_value.data,
                evidence_url=form.evidence_url.data,
                note=form.note.data,
            )
            with atomic() as session:
                corrections.file_correction(
                    session, current_principal(), site.id, claim, actor=current_actor(), now=clock.now()
                )
            told = f"“{FIELD_NAMES[claim.field]}”的纠错已提交，送达登记系统后由其核实更正。"
            return done(url_for("console.list_corrections", site_id=site.id), told)
    return page("sites/correction.html", site=site, form=form)


@console.route("/sites/<string:site_id>/corrections/notes/new", methods=["GET", "POST"])
@signed_in(_FILE)
def add_local_note(site_id: str) -> Response:
    """Show a remark on the site's page, marked as its own."""
    with reading() as session:
        site = look_at(session, site_id, _FILE)
    form = LocalNoteForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                local_notes.add_local_note(
                    session,
                    site=work_on(session, site_id, _FILE),
                    text=form.text.data,
                    field=form.about.data or None,
                    actor=current_actor(),
                    now=clock.now(),
                )
            told = "备注已显示在示范点页面，并注明是示范点的说明。"
            return done(url_for("console.list_corrections", site_id=site.id), told)
    return page("sites/local_note.html", site=site, form=form)
