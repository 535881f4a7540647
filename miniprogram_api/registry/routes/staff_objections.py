"""Objections for those who review them: the words and the pictures, never by whom."""

from http import HTTPStatus
from typing import Any

from flask import Response

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.paging import Page
from miniprogram_api.registry.queries import objections as queries
from miniprogram_api.registry.queries.objections import ObjectionShown
from miniprogram_api.registry.routes.notices import BINARY
from miniprogram_api.registry.schemas import objections as wire
from miniprogram_api.registry.service import objection_review
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, requires
from miniprogram_api.web.downloads import as_download
from miniprogram_api.web.schemas import parse_id

blp = Routes("staff-objections", __name__, url_prefix="/api/staff/v1", description="Objections under review")


@blp.get("/objections")
@requires("objections.view")
@blp.arguments(wire.ObjectionFilter, location="query")
@blp.response(HTTPStatus.OK, wire.StaffObjectionsView, example=wire.STAFF_OBJECTIONS)
def list_objections(wanted: dict[str, Any]) -> Page[ObjectionShown]:
    """Objections without who made them, the oldest first; `state=held` are those to decide about."""
    with reading() as session:
        return queries.list_for_staff(session, **wanted)


@blp.get("/objections/<string:objection_id>")
@requires("objections.view")
@blp.response(HTTPStatus.OK, wire.StaffObjectionView, example=wire.STAFF_OBJECTION)
def get_objection(objection_id: str) -> ObjectionShown:
    """One objection without who made it."""
    with reading() as session:
        return queries.get_for_staff(session, parse_id(objection_id))


@blp.get("/objections/<string:objection_id>/files/<string:file_id>")
@requires("objections.view")
@blp.response(HTTPStatus.OK, BINARY, content_type="image/jpeg")
@blp.alt_response(HTTPStatus.OK, schema=BINARY, content_type="image/png")
def get_file(objection_id: str, file_id: str) -> Response:
    """A picture of an objection."""
    with reading() as session:
        file = queries.get_file_for_staff(session, parse_id(objection_id), parse_id(file_id))
    return as_download(file)


@blp.post("/objections/<string:objection_id>/release")
@requires("objections.review")
@blp.response(HTTPStatus.OK, wire.StaffObjectionView, example=wire.STAFF_OBJECTION)
def release_objection(objection_id: str) -> ObjectionShown:
    """Pass a held objection on to the registry, or one that it returned once more."""
    with atomic() as session:
        objection_review.release(session, parse_id(objection_id), actor=current_actor(), now=clock.now())
        return queries.get_for_staff(session, parse_id(objection_id))


@blp.post("/objections/<string:objection_id>/refuse")
@requires("objections.review")
@blp.arguments(wire.RefuseBody, example=wire.REFUSE)
@blp.response(HTTPStatus.OK, wire.StaffObjectionView, example=wire.STAFF_OBJECTION)
def refuse_objection(body: dict[str, Any], objection_id: str) -> ObjectionShown:
    """Do not pass an objection on, for a reason that its member is told."""
    with atomic() as session:
        objection_review.refuse(
            session, parse_id(objection_id), reason=body["reason"], actor=current_actor(), now=clock.now()
        )
        return queries.get_for_staff(session, parse_id(objection_id))
