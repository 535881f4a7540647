"""Feedback of members over HTTP. Staff answer it in the console."""

from http import HTTPStatus
from typing import Any

from flask import Response

from miniprogram_api.feedback import schemas as wire
from miniprogram_api.feedback.errors import FeedbackMissing
from miniprogram_api.feedback.models import FeedbackPicture
from miniprogram_api.feedback.queries import shown as queries
from miniprogram_api.feedback.queries.shown import FeedbackShown
from miniprogram_api.feedback.rules import PICTURES
from miniprogram_api.feedback.service import sending
from miniprogram_api.feedback.service.sending import Written
from miniprogram_api.kernel import clock, files
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.files import MAX_UPLOAD_BYTES
from miniprogram_api.kernel.paging import Page
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, public, requires
from miniprogram_api.web.downloads import as_download
from miniprogram_api.web.idempotency import answer, begin, idempotent_if_keyed
from miniprogram_api.web.limits import limited
from miniprogram_api.web.picture_links import is_valid
from miniprogram_api.web.schemas import Paging, parse_id
from miniprogram_api.web.uploads import takes_a_file

blp = Routes("feedback", __name__, url_prefix="/api/v1", description="Feedback on articles and sites")
APP_BLUEPRINTS: tuple[Routes, ...] = (blp,)

_BINARY = {"type": "string", "format": "binary"}
_SENT = wire.SentFeedbackView()


@blp.post("/feedback")
@requires("feedback.send")
@idempotent_if_keyed
@limited("feedback", "10/minute", per="principal")
@blp.arguments(wire.SendFeedbackBody, example=wire.SEND)
@blp.response(HTTPStatus.CREATED, wire.SentFeedbackView, example=wire.SENT)
def send_feedback(written: Written) -> Response:
    """Write about an article or a site: at most 10 a day.

    The content is checked behind the answer; what the check does not pass waits for a person. The answer
    comes as a message, and stands here.
    """
    member_id = current_principal().id
    with atomic() as session:
        begin(session)
        sent = sending.send_feedback(
            session, member_id=member_id, written=written, actor=current_actor(), now=clock.now()
        )
        shown = queries.get_own(session, sent.id, member_id=member_id)
        return answer(session, HTTPStatus.CREATED, _SENT.dump(shown))


@blp.get("/feedback")
@requires("feedback.send")
@blp.arguments(Paging, location="query")
@blp.response(HTTPStatus.OK, wire.FeedbackListView, example=wire.LIST)
def list_feedback(paging: dict[str, Any]) -> Page[FeedbackShown]:
    """What one wrote, the newest first."""
    with reading() as session:
        return queries.list_own(session, member_id=current_principal().id, **paging)


@blp.get("/feedback/<string:feedback_id>")
@requires("feedback.send")
@blp.response(HTTPStatus.OK, wire.FeedbackView, example=wire.FEEDBACK)
def get_feedback(feedback_id: str) -> FeedbackShown:
    """One of one's own, with every step it has gone through."""
    with reading() as session:
        return queries.get_own(session, parse_id(feedback_id), member_id=current_principal().id)


@blp.post("/feedback/pictures")
@requires("feedback.send")
@limited("feedback_picture", "30/hour", per="principal")
@takes_a_file(MAX_UPLOAD_BYTES)
@blp.arguments(wire.FeedbackPictureFile, location="files")
@blp.response(HTTPStatus.CREATED, wire.FeedbackUploadView, example=wire.UPLOADED)
def add_picture(uploaded: dict[str, Any]) -> FeedbackPicture:
    """Upload a picture to name in feedback within 24 hours; it is written anew without its metadata."""
    # Outside the transaction: decoding takes long, and SQLite has one writer.
    uploaded["file"].stream.seek(0)
    image = files.private().save_image(uploaded["file"].stream.read())
    try:
        with atomic() as session:
            return sending.add_picture(
                session,
                member_id=current_principal().id,
                image=image,
                actor=current_actor(),
                now=clock.now(),
            )
    except BaseException:
        files.private().delete(image.name)
        raise


@blp.get("/feedback/pictures/<string:picture_id>")
@requires("feedback.send")
@blp.response(HTTPStatus.OK, _BINARY, content_type="image/jpeg")
@blp.alt_response(HTTPStatus.OK, schema=_BINARY, content_type="image/png")
def get_picture(picture_id: str) -> Response:
    """A picture of one's own that passed the content check and was not hidden."""
    with reading() as session:
        picture = queries.get_own_picture(session, parse_id(picture_id), member_id=current_principal().id)
    return as_download(picture)


@blp.get("/feedback/pictures/<string:picture_id>/for-check")
@public
@blp.arguments(wire.FeedbackPictureLink, location="query")
@blp.response(HTTPStatus.OK, _BINARY, content_type="image/jpeg")
@blp.alt_response(HTTPStatus.OK, schema=_BINARY, content_type="image/png")
def get_picture_for_check(link: dict[str, Any], picture_id: str) -> Response:
    """A picture for WeChat's content check, under an address that only we can make and that soon ends."""
    if not is_valid(PICTURES, parse_id(picture_id), now=clock.now(), **link):
        raise FeedbackMissing
    with reading() as session:
        picture = queries.get_picture_for_check(session, parse_id(picture_id))
    return as_download(picture)
