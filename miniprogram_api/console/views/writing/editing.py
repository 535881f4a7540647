"""The page on which an article is written. Its script keeps what is written by the calls of `saving`."""

from typing import Any
from uuid import UUID

from flask import Response, url_for
from flask_wtf.csrf import generate_csrf
from sqlalchemy.orm import Session

from content import links
from content.queries.desk_topics import list_topic_names
from content.rules.drafts import MOST_SUMMARY, MOST_TITLE
from content.service import Article, Revision, Standing, reviewing
from content.service.drafting import draft_of
from content.service.managed import get_managed_article, latest_revision
from miniprogram_api.console.access import current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.calls import answer
from miniprogram_api.console.pages import page
from miniprogram_api.console.views.writing import drafts
from miniprogram_api.console.views.writing.places import WRITE, place_of, say_place
from miniprogram_api.console.words import content as words
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import reading
from miniprogram_api.web.schemas import parse_id


@console.get("/content/articles/<string:article_id>/edit")
@signed_in(WRITE)
def edit_article(article_id: str) -> Response:
    """The latest text of an article, to go on with; what is shown stays until it is published anew."""
    with reading() as session:
        article = get_managed_article(session, current_principal(), WRITE, parse_id(article_id))
        revision = latest_revision(session, article)
        state = _state(session, article, revision)
        topics = list_topic_names(session)
        place = say_place(session, article)
        now = clock.now()
        steps = words.say_classes(
            {of.value: step.value(session, now) for of, step in reviewing.STEPS_OF.items()}
        )
    return page(
        "writing/edit.html",
        article=article,
        draft=draft_of(revision),
        revision=revision,
        state=state,
        topics=topics,
        place=place,
        steps=steps,
        is_live=article.standing is Standing.LIVE,
        words=words,
        most={"title": MOST_TITLE, "summary": MOST_SUMMARY},
    )


def _state(session: Session, article: Article, revision: Revision) -> dict[str, Any]:
    """What the script of the page begins with."""
    draft = draft_of(revision)
    return {
        "id": str(article.id),
        "staff": str(current_principal().id),
        "number": revision.number,
        "draft": drafts.draft_facts(draft),
        "pictures": drafts.pictures_in(session, draft),
        "names": drafts.site_names(session, draft),
        "checklist": drafts.open_points(session, article, draft),
        "hosts": sorted(links.allowed()),
        "place": place_of(article),
        "token": generate_csrf(),
        "urls": _urls(str(article.id)),
    }


def _urls(article_id: str) -> dict[str, str]:
    """Where the script asks; `nobody` stands for the id of a picture."""
    own = {
        "save": "save_draft",
        "lock": "hold_article",
        "release": "release_article",
        "preview": "preview_article",
    }
    nobody = str(UUID(int=0))
    return {
        **{name: url_for(f"console.{endpoint}", article_id=article_id) for name, endpoint in own.items()},
        "nobody": nobody,
        "asset": url_for("console.show_picture", asset_id=nobody),
        "crop": url_for("console.crop_asset", asset_id=nobody),
        "upload": url_for("console.add_asset"),
        "assets": url_for("console.pick_assets"),
        "articles": url_for("console.pick_articles", but=article_id),
        "sites": url_for("console.pick_sites"),
        "token": url_for("console.show_token"),
        "signIn": url_for("console.sign_in", next=url_for("console.start")),
    }


@console.get("/content/token")
@signed_in(WRITE)
def show_token() -> Response:
    """A token for the calls of a page that is older than the session: somebody signed in again meanwhile."""
    return answer({"token": generate_csrf()})
