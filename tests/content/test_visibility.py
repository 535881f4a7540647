"""What the public sees of an article as it goes through the hands of its desk: everywhere the same."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from content.jobs import publishing as jobs
from content.models import Article
from content.service import publishing
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic
from miniprogram_api.sites.models import Lifecycle, Site
from miniprogram_api.web import prepared
from tests.conftest import Clock
from tests.factories.content import body_of, make_topic
from tests.factories.sites import make_site
from tests.support.publishing import (
    Desk,
    approve,
    approved_article,
    make_desk,
    publish,
    publish_article,
    rewrite,
    schedule,
    submit,
)

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Seen:
    """Where an article, a topic and a site are looked at from outside."""

    client: FlaskClient
    article: UUID
    topic: UUID
    site: UUID

    def titles(self) -> dict[str, list[str]]:
        """What each list shows, as a process sees it that has just forgotten its prepared pages."""
        prepared.forget()
        feeds = {
            "feed": {},
            "search": {"q": "碳普惠"},
            "topic": {"topic": self.topic},
            "site": {"site": self.site},
        }
        found = {}
        for name, query in feeds.items():
            answer = self.client.get("/api/v1/articles", query_string=query)
            assert answer.status_code == 200, answer.text
            found[name] = [item["title"] for item in answer.get_json()["items"]]
        page = self.client.get(f"/api/v1/sites/{self.site}")
        if page.status_code == 200:
            found["site page"] = [item["title"] for item in page.get_json()["related_articles"]]
        return found

    def page(self) -> int:
        """How its own page answers."""
        prepared.forget()
        return self.client.get(f"/api/v1/articles/{self.article}").status_code


PLACES = ("feed", "search", "topic", "site", "site page")


def everywhere(*titles: str) -> dict[str, list[str]]:
    return {place: list(titles) for place in PLACES}


def begin(
    client: FlaskClient, make: Callable[..., Article] = publish_article, **values: object
) -> tuple[Desk, Seen]:
    with atomic() as session:
        desk = make_desk(session)
        topic, site = make_topic(session).id, make_site(session).id
        given = {"title": "碳普惠怎么用", "topics": [topic], "sites": [site]} | values
        if make is publish_article:
            article = publish_article(session, desk=desk, **given)  # type: ignore[arg-type]
        else:
            article = approved_article(session, desk, **given)
        return desk, Seen(client, article.id, topic, site)


def change(seen: Seen, act: Callable[[Session, Article], object]) -> None:
    with atomic() as session:
        act(session, session.get_one(Article, seen.article))


def test_what_is_published_is_seen_everywhere_and_what_is_retracted_nowhere(
    client: FlaskClient, clock: Clock
) -> None:
    _, seen = begin(client)
    assert seen.titles() == everywhere("碳普惠怎么用")
    assert seen.page() == 200
    change(
        seen,
        lambda session, article: publishing.retract_article(
            session, article, reason="数据有误。", actor=SYSTEM, now=clock.now
        ),
    )
    assert seen.titles() == everywhere()
    assert seen.page() == 410
    told = client.get(f"/api/v1/articles/{seen.article}").get_json()
    assert told["code"] == "content.article_withdrawn"
    assert "数据有误。" in str(told)


def test_what_is_written_and_reviewed_is_seen_by_nobody_before_it_is_published(
    client: FlaskClient, clock: Clock
) -> None:
    _, seen = begin(client, approved_article)
    assert seen.titles() == everywhere()
    assert seen.page() == 404


def test_a_plan_is_seen_from_its_minute_on(client: FlaskClient, clock: Clock) -> None:
    desk, seen = begin(client, approved_article)
    at = clock.now + DAY
    change(seen, lambda session, article: schedule(session, desk, article, at))
    clock.set(at - timedelta(seconds=1))
    jobs.publish_due()
    assert seen.titles() == everywhere()
    clock.set(at)
    jobs.publish_due()
    # The job has forgotten what was prepared: no further forgetting is needed in its process.
    shown = client.get("/api/v1/articles").get_json()["items"]
    assert [item["title"] for item in shown] == ["碳普惠怎么用"]
    assert seen.titles() == everywhere("碳普惠怎么用")


def test_what_is_live_is_seen_unchanged_until_its_update_is_published(
    client: FlaskClient, clock: Clock
) -> None:
    desk, seen = begin(client, body=body_of("旧的正文。"))

    def edit(session: Session, article: Article) -> None:
        rewrite(session, article, by=desk.writer, title="碳普惠新手指南", body=body_of("新的正文。"))
        approve(session, desk, article, submit(session, desk, article))

    change(seen, edit)
    assert seen.titles() == everywhere("碳普惠怎么用")
    assert "旧的正文" in client.get(f"/api/v1/articles/{seen.article}").text
    change(seen, lambda session, article: publish(session, desk, article))
    assert seen.titles() == everywhere("碳普惠新手指南")
    assert "新的正文" in client.get(f"/api/v1/articles/{seen.article}").text


def test_what_has_expired_is_seen_nowhere(client: FlaskClient, clock: Clock) -> None:
    _, seen = begin(client, expires_at=clock.now + DAY)
    clock.advance(days=1)
    jobs.end_due()
    assert seen.titles() == everywhere()
    assert seen.page() == 410


def test_a_pinned_article_stands_first_until_its_pin_ends(client: FlaskClient, clock: Clock) -> None:
    desk, seen = begin(client, pinned_until=clock.now + DAY)
    clock.advance(hours=1)
    with atomic() as session:
        publish_article(session, desk=desk, title="后来的碳普惠")
    assert seen.titles()["feed"] == ["碳普惠怎么用", "后来的碳普惠"]
    clock.advance(days=1)
    jobs.end_due()
    assert seen.titles()["feed"] == ["后来的碳普惠", "碳普惠怎么用"]


@pytest.mark.parametrize("lifecycle", [Lifecycle.WITHDRAWN, Lifecycle.REMOVED, Lifecycle.RECTIFYING])
def test_a_site_that_ends_takes_no_article_with_it(
    client: FlaskClient, clock: Clock, lifecycle: Lifecycle
) -> None:
    _, seen = begin(client)
    with atomic() as session:
        session.get_one(Site, seen.site).lifecycle = lifecycle
    assert seen.titles()["feed"] == ["碳普惠怎么用"]
    assert seen.page() == 200
