"""Pictures of feedback: looked at in any state, shown to their member, or hidden."""

from collections.abc import Callable

from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.staff import PlainForm
from miniprogram_api.console.pages import done, showing_refusals
from miniprogram_api.console.views.feedback import back_to, decide_about, look_at, show_with
from miniprogram_api.feedback.queries import desk
from miniprogram_api.feedback.service import deciding
from miniprogram_api.kernel import files
from miniprogram_api.kernel.db import reading
from miniprogram_api.web.schemas import parse_id


@console.get("/feedback/<string:feedback_id>/pictures/<string:picture_id>")
@signed_in("feedback.view")
def show_feedback_picture(feedback_id: str, picture_id: str) -> Response:
    """A picture, shown in its page; nobody between keeps it."""
    with reading() as session:
        found = desk.get_picture(session, current_principal(), parse_id(feedback_id), parse_id(picture_id))
    content = files.private().path_of(found.file_name).read_bytes()
    headers = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
    return Response(content, content_type=found.media_type, headers=headers)


@console.post("/feedback/<string:feedback_id>/pictures/<string:picture_id>/show")
@signed_in("feedback.manage")
def reveal_feedback_picture(feedback_id: str, picture_id: str) -> Response:
    """Let its member see a picture in the mini-program."""
    return _decide_picture(feedback_id, picture_id, deciding.show_picture, "图片已放行，市民可以看到。")


@console.post("/feedback/<string:feedback_id>/pictures/<string:picture_id>/hide")
@signed_in("feedback.manage")
def hide_feedback_picture(feedback_id: str, picture_id: str) -> Response:
    """Take a picture out of the mini-program."""
    return _decide_picture(feedback_id, picture_id, deciding.hide_picture, "图片已隐藏，小程序里不再显示。")


def _decide_picture(feedback_id: str, picture_id: str, decide: Callable[..., None], told: str) -> Response:
    found, form = look_at(feedback_id), PlainForm()
    with showing_refusals(form):
        decide_about(
            found.id,
            lambda session, feedback: decide(session, feedback, parse_id(picture_id), actor=current_actor()),
        )
        return done(back_to(found.id), told)
    return show_with(feedback_id, form)
