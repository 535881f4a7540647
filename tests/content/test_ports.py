"""What others learn of content: the page of a site, pictures, partners, figures of days."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import select

from content.events import ArticlePublished
from content.jobs.reading import add_up_counts, count_for_sites
from content.models import Revision, SiteDay, Standing
from content.service import reading as acts
from content.service.publishing import retract_article
from miniprogram_api.engagement import published_content
from miniprogram_api.engagement.content_queries import ContentOfDays
from miniprogram_api.kernel import events, files
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from tests.conftest import Clock
from tests.factories.articles import make_article, make_asset
from tests.factories.members import make_member
from tests.factories.sites import make_site
from tests.support.publishing import publish_article
from tests.support.statements import statements


def related(client: FlaskClient, site_id: object) -> list[dict[str, Any]]:
    answer = client.get(f"/api/v1/sites/{site_id}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.get_json()["related_articles"]
    return found


def test_the_page_of_a_site_names_the_newest_articles_about_it(client: FlaskClient, clock: Clock) -> None:
    with atomic() as session:
        site, cover = make_site(session), make_asset(session)
        for hours in range(6):
            at = clock.now - timedelta(hours=hours)
            make_article(session, title=f"{hours}", site_ids=[site.id], cover=cover, published_at=at)
        make_article(session, title="已撤回", site_ids=[site.id], standing=Standing.RETRACTED)
        make_article(session, title="无关")
    found = related(client, site.id)
    assert [article["title"] for article in found] == ["0", "1", "2", "3"]
    assert found[0]["cover_url"] == f"/media/{cover.sizes[0]['name']}"
    assert (found[0]["kind"], found[0]["published_at"]) == ("knowledge", "2026-11-23T10:00:00+08:00")


def test_a_retracted_article_leaves_the_page_of_its_site(
    client: FlaskClient, clock: Clock, fresh: Callable[[], None]
) -> None:
    with atomic() as session:
        site = make_site(session)
        article = publish_article(session, sites=[site.id])
    assert len(related(client, site.id)) == 1
    with atomic() as session:
        session.add(article)
        retract_article(session, article, reason="有误", actor=SYSTEM, now=clock.now)
    fresh()
    assert related(client, site.id) == []


def test_pictures_of_the_library_are_served_in_every_width(client: FlaskClient, clock: Clock) -> None:
    out = io.BytesIO()
    Image.new("RGB", (1200, 675), "#88aa99").save(out, "PNG")
    stored = files.current().save_image(out.getvalue())
    sizes = files.current().save_sizes(stored)
    names = [stored.name, *(size.name for size in sizes)]
    assert [client.get(f"/media/{name}").status_code for name in names] == [404, 404, 404]
    with atomic() as session:
        asset = make_asset(session, file_name=stored.name)
    assert [client.get(f"/media/{name}").status_code for name in names] == [200, 200, 200]
    with atomic() as session:
        session.add(asset)
        asset.retired_at = clock.now
    assert client.get(f"/media/{stored.name}").status_code == 404


def test_partners_are_told_what_was_published_and_what_was_withdrawn(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        site = make_site(session, project_id="CC-2026-0001")
        make_article(session, title="一", site_ids=[site.id], published_at=clock.now - timedelta(hours=3))
        at = clock.now - timedelta(hours=2)
        gone = {"standing": Standing.RETRACTED, "retracted_at": clock.now}
        make_article(session, title="二", published_at=at, **gone)
        over = clock.now - timedelta(minutes=1)
        make_article(session, title="三", expires_at=over, published_at=clock.now - timedelta(hours=1))
        make_article(session, title="草稿", standing=Standing.DRAFT, live_revision_id=None)
    listed, cursor = [], None
    while True:
        with reading() as session, statements() as sent:
            page = published_content.current().list_published(session, limit=2, cursor=cursor)
        assert len(sent) <= 2
        listed += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert [(one.title, list(one.project_ids), one.withdrawn_at) for one in listed] == [
        ("一", ["CC-2026-0001"], None),
        ("二", [], clock.now),
        ("三", [], over),
    ]
    assert all(len(one.sha256) == 64 and one.url.endswith(f"/api/v1/articles/{one.id}") for one in listed)


def test_a_day_of_a_site_knows_what_came_out_and_how_often_it_was_read(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        site = make_site(session)
        article = publish_article(session, sites=[site.id])
    while events.drain():
        pass
    with atomic() as session:
        for _ in range(3):
            acts.note_read(session, article.id, member_id=make_member(session).id, now=clock.now)
    add_up_counts()
    today = beijing_date(clock.now)
    days = [(site.id, today), (site.id, today - timedelta(days=1))]
    with reading() as session:
        counted = ContentOfDays.count(session, days)
    assert counted == {
        days[0]: {"content_published": 1, "content_views": 3},
        days[1]: {"content_published": 0, "content_views": 0},
    }
    with atomic() as session:
        session.add(article)
        retract_article(session, article, reason="有误", actor=SYSTEM, now=clock.now)
    with reading() as session:
        assert ContentOfDays.count(session, days) == counted, "what was read stays read"


def test_sites_named_twice_or_not_there_spoil_no_count(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        site = make_site(session)
        article = make_article(session, site_ids=[site.id])
        shown = session.get_one(Revision, article.live_revision_id)
        shown.site_ids = [str(each) for each in (site.id, new_id(), site.id)]
        session.flush()
        told = {"push": False, "official": False, "decided_by": str(article.owner_id), "first": True}
        count_for_sites(session, ArticlePublished(str(article.id), str(article.live_revision_id), **told))
    with reading() as session:
        assert [(day.site_id, day.published) for day in session.scalars(select(SiteDay))] == [(site.id, 1)]


def test_a_new_text_of_an_article_is_no_new_article(app: Flask, clock: Clock) -> None:
    with atomic() as session:
        site = make_site(session)
        article = make_article(session, site_ids=[site.id])
        for first in (True, False):
            told = {"push": False, "official": False, "decided_by": str(article.owner_id), "first": first}
            count_for_sites(session, ArticlePublished(str(article.id), str(article.live_revision_id), **told))
    with reading() as session:
        assert [day.published for day in session.scalars(select(SiteDay))] == [1]
