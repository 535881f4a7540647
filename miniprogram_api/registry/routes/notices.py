"""Public notices over HTTP, and objections to them by members."""

from http import HTTPStatus
from typing import Any

from flask import Response

from miniprogram_api.kernel import clock, files
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.files import MAX_UPLOAD_BYTES
from miniprogram_api.kernel.paging import Page
from miniprogram_api.registry.errors_objections import ObjectionMissing
from miniprogram_api.registry.models import ObjectionFile
from miniprogram_api.registry.queries import notices as notice_queries
from miniprogram_api.registry.queries import objections as queries
from miniprogram_api.registry.queries.objections import ObjectionShown
from miniprogram_api.registry.rules.objections import FILES
from miniprogram_api.registry.schemas import notices as notice_wire
from miniprogram_api.registry.schemas import objections as wire
from miniprogram_api.registry.service import objections
from miniprogram_api.registry.service.objections import Statement
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, public, requires
from miniprogram_api.web.downloads import as_download
from miniprogram_api.web.idempotency import answer, begin, idempotent
from miniprogram_api.web.limits import limited
from miniprogram_api.web.picture_links import is_valid
from miniprogram_api.web.prepared import prepared
from miniprogram_api.web.schemas import Paging, parse_id
from miniprogram_api.web.uploads import takes_a_file

blp = Routes("notices", __name__, url_prefix="/api/v1", description="Public notices, and objections to them")

BINARY = {"type": "string", "format": "binary"}
_LIST = notice_wire.NoticesView()
_NOTICE = notice_wire.NoticeView()
_FILED = wire.FiledObjectionView()


@blp.get("/notices")
@public
@limited("availability", "120/minute", per="ip")
@blp.response(HTTPStatus.OK, notice_wire.NoticesView, example=notice_wire.NOTICES)
@prepared
@blp.arguments(notice_wire.NoticeFilter, location="query")
def list_notices(wanted: dict[str, Any]) -> Any:
    """Projects under public notice, the soonest to end first; those over stay for 30 days."""
    with reading() as session:
        found = notice_queries.list_notices(session, today=clock.today(), **wanted)
    return _LIST.dump(found)


@blp.get("/notices/<string:project_id>")
@public
@limited("availability", "120/minute", per="ip")
@blp.response(HTTPStatus.OK, notice_wire.NoticeView, example=notice_wire.NOTICE)
@prepared
def show_notice(project_id: str) -> Any:
    """One notice."""
    with reading() as session:
        found = notice_queries.get_notice(session, project_id, today=clock.today())
    return _NOTICE.dump(found)


@blp.post("/notices/<string:project_id>/objections")
@requires("member.self")
@idempotent
@limited("objection", "10/minute", per="principal")
@blp.arguments(wire.FileObjectionBody, example=wire.FILE_OBJECTION)
@blp.response(HTTPStatus.CREATED, wire.FiledObjectionView, example=wire.FILED)
def file_objection(statement: Statement, project_id: str) -> Response:
    """Object to a project under notice. Who objects is told to the registry, and never to the public.

    The content is checked and the objection delivered behind the answer; its state tells how far it is.
    """
    member_id = current_principal().id
    with atomic() as session:
        begin(session)
        filed = objections.file_objection(
            session,
            project_id=project_id,
            member_id=member_id,
            statement=statement,
            actor=current_actor(),
            now=clock.now(),
        )
        shown = queries.get_own(session, filed.id, member_id=member_id)
        return answer(session, HTTPStatus.CREATED, _FILED.dump(shown))


@blp.get("/objections")
@requires("member.self")
@blp.arguments(Paging, location="query")
@blp.response(HTTPStatus.OK, wire.ObjectionsView, example=wire.OBJECTIONS)
def list_objections(paging: dict[str, Any]) -> Page[ObjectionShown]:
    """One's own objections, the newest first."""
    with reading() as session:
        return queries.list_own(session, member_id=current_principal().id, **paging)


@blp.get("/objections/<string:objection_id>")
@requires("member.self")
@blp.response(HTTPStatus.OK, wire.ObjectionView, example=wire.OBJECTION)
def get_objection(objection_id: str) -> ObjectionShown:
    """One of one's own objections with every step it has gone through."""
    with reading() as session:
        return queries.get_own(session, parse_id(objection_id), member_id=current_principal().id)


@blp.post("/objections/files")
@requires("member.self")
@limited("objection_file", "30/hour", per="principal")
@takes_a_file(MAX_UPLOAD_BYTES)
@blp.arguments(wire.PictureFile, location="files")
@blp.response(HTTPStatus.CREATED, wire.FileView, example=wire.FILE)
def add_file(uploaded: dict[str, Any]) -> ObjectionFile:
    """Upload a picture to name in an objection within 24 hours; it is written anew without its metadata."""
    # Outside the transaction: decoding takes long, and SQLite has one writer.
    uploaded["file"].stream.seek(0)
    image = files.private().save_image(uploaded["file"].stream.read())
    try:
        with atomic() as session:
            return objections.add_file(
                session,
                member_id=current_principal().id,
                image=image,
                actor=current_actor(),
                now=clock.now(),
            )
    except BaseException:
        files.private().delete(image.name)
        raise


@blp.get("/objections/files/<string:file_id>")
@requires("member.self")
@blp.response(HTTPStatus.OK, BINARY, content_type="image/jpeg")
@blp.alt_response(HTTPStatus.OK, schema=BINARY, content_type="image/png")
def get_file(file_id: str) -> Response:
    """A picture of one's own."""
    with reading() as session:
        file = queries.get_own_file(session, parse_id(file_id), member_id=current_principal().id)
    return as_download(file)


@blp.get("/objections/files/<string:file_id>/for-check")
@public
@blp.arguments(wire.CheckLink, location="query")
@blp.response(HTTPStatus.OK, BINARY, content_type="image/jpeg")
@blp.alt_response(HTTPStatus.OK, schema=BINARY, content_type="image/png")
def get_file_for_check(link: dict[str, Any], file_id: str) -> Response:
    """A picture for WeChat's content check, under an address that only we can make and that soon ends."""
    if not is_valid(FILES, parse_id(file_id), now=clock.now(), **link):
        raise ObjectionMissing
    with reading() as session:
        file = queries.get_file_for_check(session, parse_id(file_id))
    return as_download(file)
