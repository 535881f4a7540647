"""What a project's record is made of: the full state, its digest, how a change is merged into it. Pure."""

import hashlib
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import rfc8785

from miniprogram_api.devtools.fake_registry.demo import DEMO_OPERATOR

SCHEMA = "project/1"
OPS = ("upsert", "tombstone", "recall")

_NOTICE_DAYS = 10
_CHANGCHUN = [125.3245, 43.886]
# The parts of a record that are objects, with the names that each holds.
_PARTS = {
    "operator": ("name", "uscc"),
    "notice": ("from", "until", "url", "doc_no"),
    "title": ("date", "doc_no", "valid_until"),
    "withdrawal": ("effective_at", "reason_code", "doc_no"),
    "education_base": ("designated", "since", "until"),
    "official_carbon": ("tonnes_co2e", "method", "year"),
}
# Short forms that a person types; the contract's own names go on the wire.
_SHORT_NAMES = {"type": "type_code", "level": "level_code", "district": "district_code"}

Data = dict[str, Any]
Record = dict[str, Any]


def digest_of(data: Data | None) -> str:
    """SHA-256 over the canonical JSON of the data."""
    return hashlib.sha256(rfc8785.dumps(data)).hexdigest()


def new_project(project_id: str) -> Data:
    """A project that nobody has said anything about yet."""
    return {
        "project_id": project_id,
        "name": f"示范项目 {project_id}（示例）",
        "name_en": None,
        "type_code": "park",
        "level_code": "low_carbon",
        "district_code": "220102",
        "operator": {"name": DEMO_OPERATOR, "uscc": None},
        "geometry": {"type": "Point", "coordinates": list(_CHANGCHUN)},
        "datum": "WGS84",
        "lifecycle": "applied",
        "lifecycle_since": None,
        "notice": None,
        "title": None,
        "re_review_due": None,
        "withdrawal": None,
        "education_base": {"designated": False, "since": None, "until": None},
        "official_carbon": None,
        "official_summary": None,
        "official_media": [],
        "share_class": "conditional",
    }


def merge_patch(target: Any, patch: Any) -> Any:
    """RFC 7396: a null deletes, an array replaces, an object is merged. Neither argument is changed."""
    if not isinstance(patch, Mapping):
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def next_state(
    before: Data | None, given: Mapping[str, Any], *, project_id: str, today: date, at: str
) -> Data:
    """The full state after a change; what the change leaves open about the new lifecycle is filled in.

    A part that is null or absent stays in the record as null. `at` is the present instant in RFC 3339.
    """
    patch = _long_names(given)
    base = before or new_project(project_id)
    full: Data = dict.fromkeys(base) | merge_patch(base, patch) | {"project_id": project_id}
    if not isinstance(full["education_base"], dict):
        full["education_base"] = {"designated": bool(full["education_base"])}
    for name, inner in _PARTS.items():
        if isinstance(full[name], dict):
            full[name] = dict.fromkeys(inner) | full[name]
    if full["geometry"] is None or full["datum"] is None:
        full["datum"] = None if full["geometry"] is None else "WGS84"
    if before is None or before["lifecycle"] != full["lifecycle"]:
        if "lifecycle_since" not in patch:
            full["lifecycle_since"] = today.isoformat()
        if full["lifecycle"] != "withdrawn" and "withdrawal" not in patch:
            full["withdrawal"] = None
    _fill_lifecycle(full, today=today, at=at)
    return full


def changed_fields(before: Data | None, after: Data) -> list[str]:
    """The names of the top-level fields that differ."""
    names = after.keys() | (before or {}).keys()
    return sorted(name for name in names if before is None or before.get(name) != after.get(name))


def _long_names(given: Mapping[str, Any]) -> dict[str, Any]:
    """The change under the contract's names; a change wrapped in `data` is taken out of it."""
    inner = given.get("data")
    flat = {name: value for name, value in given.items() if name != "data"}
    flat |= inner if isinstance(inner, Mapping) else {}
    return {_SHORT_NAMES.get(name, name): value for name, value in flat.items() if name != "version"}


def _fill_lifecycle(full: Data, *, today: date, at: str) -> None:
    lifecycle = full["lifecycle"]
    if lifecycle == "withdrawn":
        told = full["withdrawal"] or {"reason_code": None, "doc_no": None}
        full["withdrawal"] = told | {"effective_at": _instant(told.get("effective_at") or at)}
    if lifecycle == "titled" or full["title"] is not None:
        full["title"] = _filled(full["title"], date=today, doc_no=None, valid_until=None)
    if lifecycle == "public_notice" or full["notice"] is not None:
        until = today + timedelta(days=_NOTICE_DAYS - 1)
        full["notice"] = _filled(full["notice"], **{"from": today}, until=until, url=None, doc_no=None)


def _filled(part: Data | None, **defaults: date | None) -> Data:
    """The part with a default for each name that it says nothing about."""
    told = {name: value for name, value in (part or {}).items() if value is not None}
    return {name: day and day.isoformat() for name, day in defaults.items()} | told


def _instant(text: Any) -> Any:
    """A bare date is the midnight at which it begins in Beijing."""
    is_date = isinstance(text, str) and len(text) == len("2026-01-01")
    return f"{text}T00:00:00+08:00" if is_date else text
