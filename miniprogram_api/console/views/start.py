"""The start page: what waits for somebody, and today at their sites; and the guides behind the help link."""

from flask import current_app
from werkzeug.wrappers import Response

from miniprogram_api.console import guides
from miniprogram_api.console.access import anyone, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.pages import page, recognise_quietly
from miniprogram_api.console.waiting import list_waiting
from miniprogram_api.identity.service import staff_profiles
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import reading
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.visits.queries.today import MOST_SITES, list_today


@console.get("/")
@signed_in("staff.self")
def start() -> Response:
    """What waits for the caller."""
    principal, now = current_principal(), clock.now()
    with reading() as session:
        profile = staff_profiles.get_profile(session, principal.id)
        waiting = list_waiting(session, principal, now)
        today = list_today(session, principal, on=clock.today()) if principal.may("bookings.view") else []
    return page(
        "start.html",
        profile=profile,
        waiting=waiting,
        today=today[:MOST_SITES],
        cut_at=MOST_SITES if len(today) > MOST_SITES else None,
        view_functions=current_app.view_functions,
    )


@console.get("/help/<string:topic>")
@anyone
def show_help(topic: str) -> Response:
    """A guide to one task."""
    found = guides.find_guide(topic)
    if found is None:
        raise NotFound
    recognise_quietly()
    return page("help/topic.html", topic=topic, guide=found, guides=guides.list_guides())
