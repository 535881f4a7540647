"""A site's own, dated remarks on what the registry says of it."""

from http import HTTPStatus
from typing import Any

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.models import LocalNote
from miniprogram_api.sites.queries.local_notes import list_local_notes
from miniprogram_api.sites.routes.scope import look_at, work_on
from miniprogram_api.sites.schemas import local_notes as wire
from miniprogram_api.sites.service import local_notes, retiring
from miniprogram_api.sites.service.managed import get_part
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, requires
from miniprogram_api.web.schemas import parse_id

blp = Routes(
    "staff-local-notes",
    __name__,
    url_prefix="/api/staff/v1",
    description="What a site remarks on the registry's data meanwhile",
)

_VIEW, _FILE = "corrections.view", "corrections.file"
_NOTES = "/sites/<string:site_id>/local-notes"


@blp.get(_NOTES)
@requires(_VIEW)
@blp.response(HTTPStatus.OK, wire.LocalNoteListView, example={"items": [wire.NOTE], "next_cursor": None})
def list_notes(site_id: str) -> dict[str, Any]:
    """The remarks that are shown, the newest first."""
    with reading() as session:
        site = look_at(session, site_id, _VIEW)
        return {"items": list_local_notes(session, site.id), "next_cursor": None}


@blp.post(_NOTES)
@requires(_FILE)
@blp.arguments(wire.LocalNoteBody, example=wire.NOTE_BODY)
@blp.response(HTTPStatus.CREATED, wire.LocalNoteView, example=wire.NOTE)
def add_note(body: dict[str, Any], site_id: str) -> LocalNote:
    """Show a remark on the site's page, dated and marked as the site's own."""
    with atomic() as session:
        site = work_on(session, site_id, _FILE)
        return local_notes.add_local_note(session, site=site, actor=current_actor(), now=clock.now(), **body)


@blp.delete(f"{_NOTES}/<string:note_id>")
@requires(_FILE)
@blp.response(HTTPStatus.NO_CONTENT)
def retire_note(site_id: str, note_id: str) -> None:
    """Show a remark no longer."""
    with atomic() as session:
        site = work_on(session, site_id, _FILE)
        note = get_part(session, LocalNote, parse_id(note_id), site_id=site.id)
        retiring.retire(session, site=site, part=note, actor=current_actor(), now=clock.now())
