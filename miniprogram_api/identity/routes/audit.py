"""The audit trail over HTTP: read, filtered, never written."""

from http import HTTPStatus
from typing import Any

from miniprogram_api.identity import audit_queries
from miniprogram_api.identity.audit_queries import TrailFilter
from miniprogram_api.identity.schemas import staff as wire
from miniprogram_api.kernel.db import reading
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import requires

audit_blp = Routes("staff-audit", __name__, url_prefix="/api/staff/v1", description="The audit trail")
BLUEPRINTS = (audit_blp,)


@audit_blp.get("/audit")
@requires("audit.view")
@audit_blp.arguments(wire.AuditFilter, location="query")
@audit_blp.response(
    HTTPStatus.OK, wire.AuditTrailView, example={"items": [wire.AUDIT_ROW], "next_cursor": None}
)
def list_audit(query: dict[str, Any]) -> dict[str, Any]:
    """Who changed what, newest first."""
    limit, cursor = query.pop("limit"), query.pop("cursor")
    with reading() as session:
        page = audit_queries.list_trail(session, TrailFilter(**query), limit=limit, cursor=cursor)
    return {"items": page.items, "next_cursor": page.next_cursor}
