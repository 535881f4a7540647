"""The systems that may call as the registry, managed by administrators."""

from http import HTTPStatus
from typing import Any

from flask import current_app

from config.settings import Settings
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.queries import partners as queries
from miniprogram_api.registry.queries.partners import ShownPartner
from miniprogram_api.registry.schemas import partners as wire
from miniprogram_api.registry.service import partners
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, requires
from miniprogram_api.web.schemas import Paging, parse_id

blp = Routes("staff-partners", __name__, url_prefix="/api/staff/v1", description="Systems of partners")

_ONE = "/partners/<string:partner_id>"


@blp.get("/partners")
@requires("partners.view")
@blp.arguments(Paging, location="query")
@blp.response(HTTPStatus.OK, wire.PartnerListView, example={"items": [wire.PARTNER], "next_cursor": None})
def list_partners(query: dict[str, Any]) -> dict[str, Any]:
    """Every client in the order they were added, with its keys' fingerprints."""
    with reading() as session:
        page = queries.list_partners(session, **query)
    return {"items": page.items, "next_cursor": page.next_cursor}


@blp.post("/partners")
@requires("partners.manage", fresh=True)
@blp.arguments(wire.AddPartnerBody, example=wire.PARTNER_BODY)
@blp.response(HTTPStatus.CREATED, wire.AddedPartnerView, example=wire.ADDED_PARTNER)
def add_partner(body: dict[str, Any]) -> dict[str, Any]:
    """Add a client of this environment with its first key; its secret is in this answer and nowhere else."""
    settings: Settings = current_app.extensions["settings"]
    with atomic() as session:
        added = partners.add_client(
            session, **body, environment=settings.environment.value, actor=current_actor(), now=clock.now()
        )
        return {"partner": queries.get_partner(session, added.client.id), "secret": added.secret}


@blp.get(_ONE)
@requires("partners.view")
@blp.response(HTTPStatus.OK, wire.PartnerView, example=wire.PARTNER)
def show_partner(partner_id: str) -> ShownPartner:
    """One client and its keys."""
    with reading() as session:
        return queries.get_partner(session, parse_id(partner_id))


@blp.post(f"{_ONE}/keys")
@requires("partners.manage", fresh=True)
@blp.arguments(wire.ReplaceKeyBody, example={"kind": "secret"})
@blp.response(HTTPStatus.CREATED, wire.AddedKeyView, example=wire.ADDED_KEY)
def add_partner_key(body: dict[str, Any], partner_id: str) -> dict[str, Any]:
    """Add a key beside the one in use, two of a kind at most, so that a client can change over."""
    with atomic() as session:
        added = partners.add_key(
            session, partner_id=parse_id(partner_id), **body, actor=current_actor(), now=clock.now()
        )
        return {"key": queries.show_key(added.key), "secret": added.secret}


@blp.delete(f"{_ONE}/keys/<string:key_id>")
@requires("partners.manage", fresh=True)
@blp.response(HTTPStatus.NO_CONTENT)
def retire_partner_key(partner_id: str, key_id: str) -> None:
    """Let a key prove nothing any more; tokens got by it end with it."""
    with atomic() as session:
        partners.retire_key(
            session,
            partner_id=parse_id(partner_id),
            key_id=parse_id(key_id),
            actor=current_actor(),
            now=clock.now(),
        )


@blp.post(f"{_ONE}/end")
@requires("partners.manage", fresh=True)
@blp.arguments(wire.EndPartnerBody, example={"reason": "对接系统下线"})
@blp.response(HTTPStatus.OK, wire.PartnerView, example=wire.PARTNER)
def end_partner(body: dict[str, Any], partner_id: str) -> ShownPartner:
    """Refuse a client for good, from its next request on."""
    wanted = parse_id(partner_id)
    with atomic() as session:
        partners.end_client(session, partner_id=wanted, **body, actor=current_actor(), now=clock.now())
        return queries.get_partner(session, wanted)
