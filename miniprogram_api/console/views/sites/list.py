"""The sites of the caller's scope, to find one among them."""

from flask import request
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.pages import page
from miniprogram_api.console.words.sites import OVERLAYS
from miniprogram_api.kernel.db import reading
from miniprogram_api.sites.queries.desk import DeskSearch, list_managed_sites
from miniprogram_api.sites.rules import Overlay
from miniprogram_api.sites.rules.dictionary import DISTRICTS, TYPES, shown_name

_PER_PAGE = 20


@console.get("/sites")
@signed_in("sites.view")
def list_sites() -> Response:
    """Sites by rank, narrowed by words and by how they are open."""
    words = (request.args.get("q") or "").strip()[:60]
    state = request.args.get("state") or ""
    wanted = DeskSearch(q=words or None, overlay=Overlay(state) if state in OVERLAYS else None)
    with reading() as session:
        sites = list_managed_sites(
            session, current_principal(), wanted, limit=_PER_PAGE, cursor=request.args.get("cursor")
        )
    return page(
        "sites/list.html",
        sites=sites,
        words=words,
        state=state,
        states=OVERLAYS,
        district_name=lambda code: shown_name(DISTRICTS, code),
        type_name=lambda code: shown_name(TYPES, code),
    )
