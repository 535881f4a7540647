"""Corrections that the staff of a site ask the registry for."""

from http import HTTPStatus
from typing import Any

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.models.corrections import Correction
from miniprogram_api.registry.queries.corrections import list_corrections
from miniprogram_api.registry.schemas import corrections as wire
from miniprogram_api.registry.service import corrections
from miniprogram_api.registry.service.corrections import Claim
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, requires
from miniprogram_api.web.schemas import Paging, parse_id

blp = Routes(
    "staff-corrections",
    __name__,
    url_prefix="/api/staff/v1",
    description="Corrections of the registry's data",
)

_CORRECTIONS = "/sites/<string:site_id>/corrections"


@blp.get(_CORRECTIONS)
@requires("corrections.view")
@blp.arguments(Paging, location="query")
@blp.response(HTTPStatus.OK, wire.CorrectionPage, example={"items": [wire.CORRECTION], "next_cursor": None})
def list_site_corrections(query: dict[str, Any], site_id: str) -> Any:
    """The site's corrections, the newest first, with what the registry says to each."""
    with reading() as session:
        return list_corrections(session, current_principal(), parse_id(site_id), **query)


@blp.post(_CORRECTIONS)
@requires("corrections.file")
@blp.arguments(wire.CorrectionBody, example=wire.CORRECTION_BODY)
@blp.response(
    HTTPStatus.CREATED,
    wire.CorrectionView,
    example={**wire.CORRECTION, "state": "pending", "registry_id": None, "delivered_at": None},
)
def file_correction(body: dict[str, Any], site_id: str) -> Correction:
    """Ask the registry to correct a field that it owns; the value shown stays until it does."""
    with atomic() as session:
        return corrections.file_correction(
            session,
            current_principal(),
            parse_id(site_id),
            Claim(**body),
            actor=current_actor(),
            now=clock.now(),
        )
