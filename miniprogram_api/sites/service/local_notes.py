"""A site's own remarks on data that the registry owns: added, shown with their day."""

from datetime import datetime

from sqlalchemy.orm import Session

from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import LocalNote, Site
from miniprogram_api.sites.service.managed import check_room, note_change

MOST_NOTES = 10


def add_local_note(
    session: Session, *, site: Site, text: str, field: str | None, actor: Actor, now: datetime
) -> LocalNote:
    """Show a remark on the site's page, marked as its own; the registry's value stays. Raises ListFull."""
    check_room(session, LocalNote, site_id=site.id, most=MOST_NOTES)
    note = LocalNote(id=new_id(), site_id=site.id, field=field, text=text, created_at=now, retired_at=None)
    session.add(note)
    after = {"local_note_id": str(note.id), "field": field, "text": text}
    note_change(session, site, part="local_notes", action="add_local_note", actor=actor, now=now, after=after)
    return note
