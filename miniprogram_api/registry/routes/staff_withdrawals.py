"""A withdrawal for the staff of its site: how it goes, and whom to call."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.queries import withdrawals as queries
from miniprogram_api.registry.schemas import withdrawals as wire
from miniprogram_api.registry.service import withdrawal_calls
from miniprogram_api.sites.service import get_managed_site
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, requires
from miniprogram_api.web.schemas import parse_id

blp = Routes("staff-withdrawals", __name__, url_prefix="/api/staff/v1", description="Withdrawal of a site")

_WITHDRAWAL = "/sites/<string:site_id>/withdrawal"
_PRIVATE = {"Cache-Control": "no-store"}


def _managed(session: Session, permission: str, site_id: str) -> UUID:
    return get_managed_site(session, current_principal(), permission, parse_id(site_id)).id


@blp.get(_WITHDRAWAL)
@requires("withdrawals.view")
@blp.response(HTTPStatus.OK, wire.WithdrawalView, example=wire.WITHDRAWAL)
def show_withdrawal(site_id: str) -> dict[str, Any]:
    """The last withdrawal of a site, and how far it has been carried out."""
    with reading() as session:
        site = _managed(session, "withdrawals.view", site_id)
        progress = queries.find_progress(session, site, now=clock.now())
        return {"case": wire.case_values(progress) if progress else None}


@blp.get(f"{_WITHDRAWAL}/calls")
@requires("withdrawals.call", fresh=True)
@blp.arguments(wire.CallsQuery, location="query")
@blp.response(HTTPStatus.OK, wire.CallsView, example=wire.CALLS)
def list_calls(query: dict[str, Any], site_id: str) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Whom to call, unmasked: visits within 72 hours, and people who have no inbox. Each look is recorded."""
    with atomic() as session:
        site = _managed(session, "withdrawals.call", site_id)
        page = withdrawal_calls.list_calls(session, site_id=site, actor=current_actor(), **query)
        items = [wire.call_values(call) for call in page.items]
    return {"items": items, "next_cursor": page.next_cursor}, HTTPStatus.OK, _PRIVATE


@blp.post(f"{_WITHDRAWAL}/calls/<string:call_id>/done")
@requires("withdrawals.call")
@blp.response(HTTPStatus.OK, wire.TickedView, example=wire.TICKED)
def tick_call(site_id: str, call_id: str) -> dict[str, Any]:
    """Note that somebody has been called; the id is their booking's. Again is harmless."""
    booking_id = parse_id(call_id)
    with atomic() as session:
        site = _managed(session, "withdrawals.call", site_id)
        called_at = withdrawal_calls.tick_call(
            session, site_id=site, booking_id=booking_id, actor=current_actor(), now=clock.now()
        )
    return {"id": str(booking_id), "called_at": called_at}
