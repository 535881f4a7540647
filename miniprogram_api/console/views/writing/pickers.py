"""What the editor offers to choose from: articles and sites to link to, pictures of the library."""

from collections.abc import Iterable
from typing import Any

from flask import Response, request

from content.queries import assets as library
from content.queries.desk_links import list_linkable_articles
from content.service import Standing
from miniprogram_api.console.access import current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.calls import answer
from miniprogram_api.console.views.writing.drafts import asset_facts
from miniprogram_api.console.views.writing.places import WRITE
from miniprogram_api.console.words import content as words
from miniprogram_api.kernel.db import reading
from miniprogram_api.sites.queries import list_site_names
from miniprogram_api.web.schemas import parse_id, without_control

_SHOWN = 20
_MOST_TYPED = 60


def _typed() -> str | None:
    return without_control(request.args.get("q", "")).strip()[:_MOST_TYPED] or None


def _items(items: Iterable[dict[str, Any]]) -> Response:
    return answer({"items": list(items)})


@console.get("/content/pick/articles")
@signed_in(WRITE)
def pick_articles() -> Response:
    """Articles by a part of their title, the last saved first."""
    with reading() as session:
        found = list_linkable_articles(session, current_principal(), _typed(), limit=_SHOWN)
    return _items(
        {"id": str(row.id), "name": row.title or "（还没有标题）", "note": _note(row)} for row in found
    )


def _note(row: Any) -> str:
    kind = words.KINDS[row.kind.value]
    return kind if row.standing is Standing.LIVE else f"{kind}，还没有发布"


@console.get("/content/pick/sites")
@signed_in(WRITE)
def pick_sites() -> Response:
    """Sites by a part of their name."""
    with reading() as session:
        names = list_site_names(session)
    typed = (_typed() or "").casefold()
    found = [(site_id, name) for site_id, name in names if typed in name.casefold()][:_SHOWN]
    return _items({"id": str(site_id), "name": name, "note": ""} for site_id, name in found)


@console.get("/content/pick/assets")
@signed_in(WRITE)
def pick_assets() -> Response:
    """Pictures by a part of their title or of what they show, the newest first."""
    with reading() as session:
        found = library.list_assets(session, current_principal(), q=_typed(), limit=_SHOWN * 2, cursor=None)
    return _items(asset_facts(row.asset) for row in found.items)


@console.get("/content/assets/<string:asset_id>/facts")
@signed_in(WRITE)
def show_picture(asset_id: str) -> Response:
    """One picture, which was pasted from another article."""
    with reading() as session:
        found = library.get_asset(session, current_principal(), parse_id(asset_id))
    return answer(asset_facts(found.asset))
