"""Lists of bookings as files: masked at a click, contacts in full for a reason and the second factor."""

import tempfile
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO, cast
from uuid import UUID

from flask import request, send_file, url_for
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.visits import ExportForm
from miniprogram_api.console.guides import guide
from miniprogram_api.console.pages import page, showing_refusals
from miniprogram_api.console.views.day import wanted_of
from miniprogram_api.identity.service import staff_profiles
from miniprogram_api.kernel import clock, sheets
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.sites.service import get_managed_site
from miniprogram_api.visits.queries import exporting as queries
from miniprogram_api.visits.queries.desk import DeskFilter
from miniprogram_api.visits.rules import words
from miniprogram_api.visits.service import exporting, revealing
from miniprogram_api.web.limits import hit, limited
from miniprogram_api.web.schemas import parse_id

guide(
    "export",
    "导出预约名单",
    "把当天（或筛选出来）的预约导出成 Excel 或 CSV 文件。",
    steps=(
        "在当天预约页面先筛选好，再点“导出”，选择 Excel 或 CSV。",
        "需要完整姓名和电话时，点“导出完整联系方式”，再次验证身份并写明用途。",
    ),
    notes=(
        "默认导出的姓名和电话隐去一部分。",
        "每次导出都会记入审计；文件末尾写有导出人和时间，请妥善保管，用完删除。",
    ),
)

_MIMETYPES = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_MEMORY = 1 << 20  # a file larger than this is kept on the disk while it is made
_REVEAL = revealing.PERMISSION


@console.post("/sites/<string:site_id>/day/export.<string:kind>")
@signed_in("bookings.view")
@limited("console.export", "30/hour", per="principal")
def export_day(site_id: str, kind: str) -> Response:
    """The bookings that the day desk shows, contacts masked."""
    with reading() as session:
        site = get_managed_site(session, current_principal(), "bookings.view", parse_id(site_id))
    if kind not in _MIMETYPES:
        raise NotFound
    return _send(site.id, wanted_of(request.form), kind, reason=None)


@console.route("/sites/<string:site_id>/day/contacts", methods=["GET", "POST"])
@signed_in(_REVEAL, fresh=True)
def export_contacts(site_id: str) -> Response:
    """The same with names and phones in full."""
    with reading() as session:
        site = get_managed_site(session, current_principal(), _REVEAL, parse_id(site_id))
    wanted, form = wanted_of(request.values), ExportForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            hit("console.export_contacts", "3/hour", str(current_principal().id))
            return _send(site.id, wanted, form.kind.data, reason=form.reason.data)
    back = url_for("console.show_day", site_id=site.id, **_query(wanted))
    return page(
        "visits/export.html",
        site=site,
        form=form,
        wanted=wanted,
        query=_query(wanted),
        words=words,
        back=back,
    )


def _query(wanted: DeskFilter) -> dict[str, Any]:
    return {
        "date": wanted.visit_on,
        "status": wanted.status.value if wanted.status else None,
        "slot": wanted.slot_id,
        "q": wanted.words,
    }


def _send(site_id: UUID, wanted: DeskFilter, kind: str, *, reason: str | None) -> Response:
    with atomic() as session:
        ids = exporting.open_export(
            session, site_id=site_id, wanted=wanted, reason=reason, actor=current_actor(), today=clock.today()
        )
    if reason is not None:
        revealing.count_reveals(current_principal(), len(ids))
    spooled = tempfile.SpooledTemporaryFile(max_size=_MEMORY)  # noqa: SIM115  the response closes it
    out = cast("BinaryIO", spooled)  # it has every method of one
    with reading() as session:
        exporter = staff_profiles.get_profile(session, current_principal().id).display_name
        rows = queries.iterate_rows(session, ids, unmasked=reason is not None)
        _WRITERS[kind](out, queries.HEADER, rows, _footer(exporter, len(ids)))
    out.seek(0)
    # Plain letters: some systems spell another name than they were given.
    name = f"bookings-{wanted.visit_on:%Y%m%d}{'-contacts' if reason else ''}.{kind}"
    response = send_file(out, mimetype=_MIMETYPES[kind], as_attachment=True, download_name=name)
    response.headers["Cache-Control"] = "no-store"
    return response


def _footer(exporter: str, count: int) -> str:
    at = clock.now()
    return f"共 {count} 条。导出人：{exporter}，{at.astimezone(BEIJING):%Y-%m-%d %H:%M} 导出。请妥善保管。"


Writer = Callable[[BinaryIO, Any, Any, str], None]


def _write_csv(out: BinaryIO, header: Any, rows: Any, footer: str) -> None:
    sheets.write_csv(out, header, rows, footer=footer)


def _write_xlsx(out: BinaryIO, header: Any, rows: Any, footer: str) -> None:
    sheets.write_xlsx(out, header, rows, title="预约", footer=footer)


_WRITERS: Mapping[str, Writer] = {"csv": _write_csv, "xlsx": _write_xlsx}
