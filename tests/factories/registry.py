"""Records of the registry for tests: complete, with digests that fit."""

import hashlib
from datetime import UTC, datetime
from typing import Any

import rfc8785
from sqlalchemy.orm import Session

from miniprogram_api.registry.service.taking_over import Outcome, take_over

THEN = datetime(2026, 11, 23, 2, tzinfo=UTC)
EPOCH = "e1"


def project_state(project_id: str = "P-001", **changes: Any) -> dict[str, Any]:
    """The full state of a titled education base in the east of the city."""
    return {
        "project_id": project_id,
        "name": f"示范项目 {project_id}（示例）",
        "name_en": None,
        "type_code": "park",
        "level_code": "near_zero",
        "district_code": "220102",
        "operator": {"name": f"运营单位 {project_id}（示例）", "uscc": None},
        "geometry": {"type": "Point", "coordinates": [125.3245, 43.8868]},
        "datum": "CGCS2000",
        "lifecycle": "titled",
        "lifecycle_since": "2026-06-01",
        "notice": None,
        "title": {"date": "2026-06-01", "doc_no": "长环联〔2026〕1号", "valid_until": "2029-05-31"},
        "re_review_due": "2028-12-01",
        "withdrawal": None,
        "education_base": {"designated": True, "since": "2026-07-01", "until": None},
        "official_carbon": {"tonnes_co2e": "1200.5", "method": "核算指南", "year": 2025},
        "official_summary": None,
        "official_media": [],
        "share_class": "conditional",
    } | changes


def change(
    project_id: str = "P-001", version: int = 1, *, op: str = "upsert", **changes: Any
) -> dict[str, Any]:
    """A change record; a change of the state is named by its field, `record` changes the record itself."""
    over = changes.pop("record", {})
    data = changes.pop("data", project_state(project_id, **changes))
    record = {
        "seq": version,
        "op": op,
        "project_id": project_id,
        "version": version,
        "lifecycle": data["lifecycle"] if data else None,
        "changed_fields": [],
        "occurred_at": "2026-11-23T09:30:00+08:00",
        "reason_code": None,
        "doc_no": None,
        "schema": "project/1",
        "digest": hashlib.sha256(rfc8785.dumps(data)).hexdigest(),
        "data": data,
    }
    return record | over


def taken(session: Session, record: Any, *, now: datetime = THEN) -> Outcome:
    """What becomes of a record."""
    return take_over(session, record, now=now, feed_epoch=EPOCH)
