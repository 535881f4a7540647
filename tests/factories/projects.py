"""Projects as the registry gives them, and rows of what is held of one."""

import hashlib
from datetime import datetime
from typing import Any
from uuid import UUID

import rfc8785
from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.registry.models.projects import HeldProject, ProjectState


def project_data(project_id: str, **changes: Any) -> dict[str, Any]:
    """The full state of a titled, designated project in the middle of the city."""
    return {
        "project_id": project_id,
        "name": f"示范项目 {project_id}",
        "type_code": "park",
        "level_code": "low_carbon",
        "district_code": "220104",
        "operator": {"name": "长春示例运营有限公司", "uscc": None},
        "geometry": {"type": "Point", "coordinates": [125.3245, 43.8868]},
        "datum": "CGCS2000",
        "lifecycle": "titled",
        "lifecycle_since": "2026-01-05",
        "title": {"date": "2026-01-05", "doc_no": "长环联〔2026〕1号", "valid_until": None},
        "education_base": {"designated": True, "since": "2026-02-01", "until": None},
        "share_class": "unconditional",
    } | changes


def digest_of(data: dict[str, Any]) -> str:
    """The digest that belongs to a state."""
    return hashlib.sha256(rfc8785.dumps(data)).hexdigest()


def hold_project(
    session: Session, project_id: str, *, version: int = 1, site_id: UUID | None = None, **changes: Any
) -> HeldProject:
    """A project as it was taken over; `changes` are to its data, `digest` and `state` to the row."""
    row = {name: changes.pop(name) for name in ("digest", "state") if name in changes}
    data = project_data(project_id, **changes)
    held = HeldProject(
        project_id=project_id,
        site_id=site_id,
        version=version,
        digest=row.get("digest", digest_of(data)),
        state=row.get("state", ProjectState.LIVE),
        lifecycle=data["lifecycle"],
        name=data["name"],
        type_code=data["type_code"],
        level_code=data["level_code"],
        district_code=data["district_code"],
        operator_name=data["operator"]["name"],
        data=data,
        occurred_at=datetime(2026, 11, 1, tzinfo=BEIJING),
        received_at=clock.now(),
    )
    session.add(held)
    session.flush()
    return held
