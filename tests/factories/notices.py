"""Projects under public notice for tests, held as the exchange holds them."""

from datetime import date, timedelta
from io import BytesIO
from typing import Any
from uuid import UUID

from PIL import Image
from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock, files
from miniprogram_api.kernel.audit import SYSTEM, Actor
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry.models import (
    HeldProject,
    Objection,
    ObjectionFile,
    ObjectionState,
    ProjectState,
)
from miniprogram_api.registry.service import objections
from miniprogram_api.registry.service.objections import Statement


def make_notice(
    session: Session, project_id: str | None = None, *, last_day: date | None = None, **changes: Any
) -> HeldProject:
    """A project whose notice began yesterday and has its last day in three days, unless told otherwise."""
    now, today = clock.now(), clock.today()
    values: dict[str, Any] = {
        "project_id": project_id or f"CC-{new_id().hex[-12:]}",
        "version": 1,
        "digest": "0" * 64,
        "state": ProjectState.LIVE,
        "lifecycle": "public_notice",
        "name": "双阳生态产业园（示例）",
        "type_code": "park",
        "level_code": "near_zero",
        "district_code": "220112",
        "operator_name": "双阳产业园管理委员会（示例）",
        "notice_from": today - timedelta(days=1),
        "notice_until": (last_day or today + timedelta(days=3)) + timedelta(days=1),
        "notice_url": "https://example.gov.cn/notices/31",
        "notice_doc_no": "长环公示〔2026〕31号",
        "data": {},
        "occurred_at": now,
        "received_at": now,
    }
    project = HeldProject(**values | changes)
    session.add(project)
    session.flush()
    return project


def make_objection(
    session: Session, *, member_id: UUID, project_id: str | None = None, state: ObjectionState | None = None
) -> Objection:
    """An objection as it was filed, or brought into a state since."""
    actor = Actor(kind="member", id=str(member_id))
    statement = Statement(
        title=None,
        text="公示材料与实际情况不符，请核实。",
        name="王小明",
        phone="13800138111",
        file_ids=(),
        consent_version=None,
    )
    objection = objections.file_objection(
        session,
        project_id=project_id or make_notice(session).project_id,
        member_id=member_id,
        statement=statement,
        actor=actor,
        now=clock.now(),
    )
    if state is not None:
        objections.move(session, objection, state, actor=SYSTEM, now=clock.now())
    return objection


def make_objection_file(
    session: Session, *, member_id: UUID, objection_id: UUID | None = None
) -> ObjectionFile:
    """A picture in the private store, of an objection or of none yet."""
    content = BytesIO()
    Image.new("RGB", (8, 8)).save(content, "JPEG")
    image = files.private().save_image(content.getvalue())
    file = objections.add_file(session, member_id=member_id, image=image, actor=SYSTEM, now=clock.now())
    if objection_id is not None:
        file.objection_id, file.position = objection_id, 0
        session.flush()
    return file
