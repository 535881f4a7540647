"""The audit trail: read with filters, and carried away as a file; nothing of it is ever changed."""

import json
from datetime import timedelta
from typing import Any

from flask import request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, signed_in
from miniprogram_api.console.acting import as_attachment
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.audit import AuditFilter, ExportForm
from miniprogram_api.console.forms.fields import picks
from miniprogram_api.console.guides import guide
from miniprogram_api.console.pages import page, showing_refusals
from miniprogram_api.console.views.staff import organisation_choices
from miniprogram_api.console.words import audit as words
from miniprogram_api.console.words.audit_values import say_facts
from miniprogram_api.identity import audit_queries
from miniprogram_api.identity import queries_people as people
from miniprogram_api.identity.audit_queries import TrailFilter
from miniprogram_api.identity.service import audit_exports, devices
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.clock import BEIJING, beijing_time
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.open_data.rules.tables import csv_document
from miniprogram_api.web.schemas import parse_id

_PAGE = 30
_HEADER = (
    "时间",
    "操作人类别",
    "操作人",
    "操作人编号",
    "操作",
    "操作代码",
    "对象类别",
    "对象编号",
    "变更前",
    "变更后",
    "理由",
    "网络地址",
    "请求编号",
    "序号",
    "摘要",
)
_WORDS: dict[str, Any] = {
    "say_action": words.say_action,
    "say_object": words.say_object,
    "say_actor": words.say_actor,
    "say_facts": say_facts,
}


@console.get("/audit")
@signed_in("audit.view")
def list_audit() -> Response:
    """Who changed what, newest first."""
    form = AuditFilter(request.args)
    with reading() as session:
        wanted = _wanted(session, form)
        found = audit_queries.list_trail(session, wanted, limit=_PAGE, cursor=request.args.get("cursor"))
        names = _names(session, found.items)
    return page("audit/list.html", filters=form, rows=found, names=names, **_WORDS)


def _wanted(session: Session, form: AuditFilter) -> TrailFilter:
    """What the address asks for; what is wrong in it asks for nothing."""
    form.organisation.choices = picks([("", "全部机构"), *organisation_choices(session)])
    if not form.validate():
        return TrailFilter(actor_ids=())
    until = form.until.data
    return TrailFilter(
        action=form.action.data or None,
        object_type=form.object_type.data or None,
        object_id=(form.object_id.data or "").strip() or None,
        since=beijing_time(form.since.data, 0) if form.since.data else None,
        until=beijing_time(until + timedelta(days=1), 0) if until else None,
        organisation_id=parse_id(form.organisation.data) if form.organisation.data else None,
        actor_ids=people.find_staff_ids(session, form.actor.data) if form.actor.data else None,
    )


def _names(session: Session, rows: Any) -> dict[str, str]:
    """What those who acted, and the accounts that were acted on, are called."""
    return devices.names_of(
        session,
        [
            *(f"{row.actor_kind}:{row.actor_id}" for row in rows if row.actor_kind in {"staff", "device"}),
            *(f"staff:{row.object_id}" for row in rows if row.object_type == "staff"),
        ],
    )


@console.route("/audit/export", methods=["GET", "POST"])
@signed_in("audit.export", fresh=True)
def export_audit() -> Response:
    """The rows that the filters of the address leave, as a file; leaves a row of its own."""
    filters, form = AuditFilter(request.args), ExportForm()
    with reading() as session:
        wanted = _wanted(session, filters)
        most = audit_exports.MOST_ROWS.value(session, clock.now())
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                rows = audit_exports.export_trail(
                    session, wanted, reason=form.reason.data, actor=current_actor(), now=clock.now()
                )
                names = _names(session, rows)
            return _as_file(form.kind.data, rows, names)
    chosen = [(field.label.text, _shown(field)) for field in filters if field.data]
    query: dict[str, Any] = request.args.to_dict()
    back = url_for("console.list_audit", **query)
    return page("audit/export.html", form=form, chosen=chosen, most=most, back=back)


def _shown(field: Any) -> str:
    choices = {each.value: each.label for each in getattr(field, "choices", None) or []}
    return str(choices.get(field.data, field.data))


def _as_file(kind: str, rows: Any, names: dict[str, str]) -> Response:
    stamp = f"{clock.now().astimezone(BEIJING):%Y%m%d-%H%M}"
    if kind == "jsonl":
        lines = (json.dumps(_plain(row), ensure_ascii=False) for row in rows)
        content = "".join(f"{line}\n" for line in lines).encode()
        return as_attachment(content, name=f"audit-{stamp}.jsonl", content_type="application/jsonl")
    table = csv_document(_HEADER, (_cells(row, names) for row in rows))
    return as_attachment(table, name=f"audit-{stamp}.csv", content_type="text/csv; charset=utf-8")


def _plain(row: Any) -> dict[str, Any]:
    found = dict(row._mapping)
    found["id"], found["at"] = str(row.id), row.at.isoformat()
    found["hash"] = row.hash.hex() if row.hash else None
    return found


def _cells(row: Any, names: dict[str, str]) -> list[str | int | None]:
    return [
        f"{row.at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
        words.say_actor(row.actor_kind),
        names.get(f"{row.actor_kind}:{row.actor_id}"),
        row.actor_id,
        words.say_action(row.action),
        row.action,
        words.say_object(row.object_type),
        row.object_id,
        _json(row.before),
        _json(row.after),
        row.reason,
        row.ip,
        row.request_id,
        row.sequence,
        row.hash.hex() if row.hash else None,
    ]


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False)


guide(
    "audit",
    "查审计记录",
    "每一次修改都有一行记录：谁、什么时候、对什么做了什么、为什么。记录不能修改或删除。",
    steps=(
        "用“操作人”“操作”“对象”“日期”筛选；条件写在网址里，可以收藏或发给同事。",
        "点“详情”看变更前后的内容、网络地址和校验摘要。",
        "需要留存时点“导出”，填写用途；导出本身也会留下一行记录。",
    ),
    notes=("记录里只有编号，没有市民的姓名和手机号。",),
)
