"""What comparisons with the registry found, for administrators."""

from http import HTTPStatus
from typing import Any

from flask import Response

from miniprogram_api.kernel.db import reading
from miniprogram_api.registry.queries.reports import (
    get_report,
    iterate_differences,
    list_differences,
    list_reports,
)
from miniprogram_api.registry.schemas import reconciliation as wire
from miniprogram_api.registry.service.report_tables import as_xlsx
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import requires
from miniprogram_api.web.schemas import Paging, parse_id

blp = Routes(
    "staff-registry-reports",
    __name__,
    url_prefix="/api/staff/v1/registry",
    description="Comparisons with the registry",
)

_VIEW = "registry.view"
_BINARY = {"type": "string", "format": "binary"}
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@blp.get("/reports")
@requires(_VIEW)
@blp.arguments(Paging, location="query")
@blp.response(HTTPStatus.OK, wire.ComparisonPage, example={"items": [wire.REPORT], "next_cursor": None})
def list_all_reports(query: dict[str, Any]) -> Any:
    """The comparisons, the newest first."""
    with reading() as session:
        return list_reports(session, **query)


@blp.get("/reports/<string:report_id>")
@requires(_VIEW)
@blp.arguments(Paging, location="query")
@blp.response(
    HTTPStatus.OK,
    wire.FullComparisonView,
    example={**wire.REPORT, "items": [wire.DIFFERENCE], "next_cursor": None},
)
def get_one_report(query: dict[str, Any], report_id: str) -> dict[str, Any]:
    """One comparison with a page of its differences."""
    with reading() as session:
        report = get_report(session, parse_id(report_id))
        found = list_differences(session, report.id, **query)
    shown = {name: getattr(report, name) for name in wire.ComparisonView().fields}
    return {**shown, "items": found.items, "next_cursor": found.next_cursor}


@blp.get("/reports/<string:report_id>.xlsx")
@requires(_VIEW)
@blp.response(HTTPStatus.OK, _BINARY, content_type=_XLSX)
def get_report_workbook(report_id: str) -> Response:
    """One comparison as a workbook."""
    with reading() as session:
        report = get_report(session, parse_id(report_id))
        content = as_xlsx(report, iterate_differences(session, report.id))
    name = f"registry-{report.started_at:%Y%m%d-%H%M}.xlsx"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, content_type=_XLSX, headers=headers)
