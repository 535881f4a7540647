"""A project's full state as the tables here hold it; the record itself is kept whole beside that.

An address that is no web address is left out: it must not hold up a project, and must not become a link.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.geo import Crs
from miniprogram_api.registry.rules.records import ChangeRecord, Op, parse_day, web_address, withdrawal_of
from miniprogram_api.sites.rules import Lifecycle
from miniprogram_api.sites.service import ProjectRecord

Operator = tuple[str, str | None]
Data = Mapping[str, Any]

# CGCS2000 and WGS 84 lie centimetres apart; the record keeps the name of its own.
_SYSTEMS = {"CGCS2000": Crs.WGS84, "WGS84": Crs.WGS84, "GCJ02": Crs.GCJ02}
_TAKEN_BACK = {Op.RECALL: Lifecycle.RECALLED, Op.TOMBSTONE: Lifecycle.REMOVED}
_NOTHING: Data = {
    "name": "",
    "type_code": "",
    "level_code": "",
    "district_code": "",
    "lifecycle": "",
}


def operator_of(data: Data) -> Operator | None:
    """The operator by name and credit code."""
    operator = data.get("operator")
    return None if operator is None else (operator["name"], operator.get("uscc"))


def site_record(
    record: ChangeRecord, data: Data, *, operators: Mapping[Operator, UUID], now: datetime
) -> ProjectRecord:
    """What a site takes of a full state; a recall or a tombstone takes the place of its lifecycle."""
    operator = operator_of(data)
    base, carbon = data["education_base"], data.get("official_carbon") or {}
    lng, lat, crs = _place(data)
    title = data.get("title") or {}
    return ProjectRecord(
        project_id=record.project_id,
        version=record.version,
        name=data["name"],
        name_en=data.get("name_en"),
        type=data["type_code"],
        level=data["level_code"],
        district=data["district_code"],
        operator_id=None if operator is None else operators[operator],
        operator_name=None if operator is None else operator[0],
        lng=lng,
        lat=lat,
        crs=crs,
        lifecycle=_TAKEN_BACK.get(record.op) or Lifecycle(data["lifecycle"]),
        lifecycle_since=parse_day(data.get("lifecycle_since")),
        title_awarded_on=parse_day(title.get("date")),
        title_document_no=title.get("doc_no"),
        title_valid_until=parse_day(title.get("valid_until")),
        re_review_due_on=parse_day(data.get("re_review_due")),
        education_base=base["designated"],
        education_base_since=parse_day(base.get("since")),
        education_base_until=parse_day(base.get("until")),
        official_summary=data.get("official_summary"),
        official_carbon_tonnes=carbon.get("tonnes_co2e"),
        official_carbon_method=carbon.get("method"),
        official_carbon_year=carbon.get("year"),
        official_media=[one for one in data.get("official_media") or [] if web_address(one["url"])],
        share_class=data.get("share_class"),
        **_withdrawal(record, data, now),
    )


def held_values(record: ChangeRecord, data: Data | None) -> dict[str, Any]:
    """The columns of a held project that a full state fills; a tombstone may come without any."""
    notice = (data or {}).get("notice") or {}
    operator = None if data is None else operator_of(data)
    until = parse_day(notice.get("until"))
    held = data or _NOTHING
    return {
        "data": dict(data or {}),
        "lifecycle": held["lifecycle"],
        "name": held["name"],
        "type_code": held["type_code"],
        "level_code": held["level_code"],
        "district_code": held["district_code"],
        "operator_name": None if operator is None else operator[0],
        "notice_from": parse_day(notice.get("from")),
        "notice_until": None if until is None else _day_after(until),
        "notice_url": web_address(notice.get("url")),
        "notice_doc_no": notice.get("doc_no"),
    }


def _place(data: Data) -> tuple[float | None, float | None, Crs | None]:
    geometry = data.get("geometry")
    if geometry is None or data.get("datum") is None:
        return None, None, None
    lng, lat = geometry["coordinates"][:2]
    return float(lng), float(lat), _SYSTEMS[data["datum"]]


def _withdrawal(record: ChangeRecord, data: Data, now: datetime) -> dict[str, Any]:
    if data["lifecycle"] != "withdrawn":
        return {}
    withdrawal = withdrawal_of(record, received_at=now)
    return {
        "withdrawn_on": beijing_date(withdrawal.effective_at),
        "withdrawal_effective_at": withdrawal.effective_at,
        "withdrawal_reason_code": withdrawal.reason_code,
        "withdrawal_document_no": withdrawal.doc_no,
    }


def _day_after(day: date) -> date:
    return day if day == date.max else day + timedelta(days=1)
