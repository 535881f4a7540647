"""One example of each record and event of the contract, as the code makes it and as its schema has it."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from content.service.publishing import retract_article
from miniprogram_api.devtools.asyncapi import IN, OUT, event_schemas
from miniprogram_api.devtools.fake_registry import FakeRegistry
from miniprogram_api.engagement import contributions
from miniprogram_api.engagement.events import DayChanged
from miniprogram_api.engagement.models import DayRevision, EngagementDay, Operation, Reason
from miniprogram_api.engagement.rules import let_out, pack
from miniprogram_api.engagement.service import figures_of
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel import events, feeds
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry.models.announcements import Announcement
from miniprogram_api.registry.models.corrections import Correction, CorrectionState
from miniprogram_api.registry.rules.records import ChangeRecord, read_record
from miniprogram_api.registry.rules.sendings import event_body
from miniprogram_api.registry.service import corrections, withdrawals
from miniprogram_api.registry.sources.port import Filed
from miniprogram_api.sites.events import OverlayChanged
from miniprogram_api.visits.queries.engagement import VisitFigures
from tests.conftest import MONDAY
from tests.factories.partners import sign_in
from tests.factories.projects import hold_project, project_data
from tests.factories.sites import make_site
from tests.support.golden import agree, faults, golden, names
from tests.support.publishing import publish_article

PROJECT = "CC-2025-0001"
FRIDAY = date(2026, 11, 20)


class TestRecords:
    @pytest.fixture
    def fake(self) -> FakeRegistry:
        """A registry that stands at a moment; it need not listen."""
        return FakeRegistry(time_source=MONDAY.timestamp)

    def test_a_change_is_the_whole_project(self, fake: FakeRegistry) -> None:
        given = {key: value for key, value in project_data(PROJECT).items() if key != "project_id"}
        fake.put(PROJECT, **given)
        record = fake.record(PROJECT)
        agree("change.upsert", record)
        assert faults("change-1", record) == []
        assert faults("project-1", record["data"]) == []

    def test_a_tombstone_and_a_recall_have_no_data(self, fake: FakeRegistry) -> None:
        fake.put(PROJECT, name="示范项目")
        fake.recall(PROJECT)
        agree("change.recall", fake.record(PROJECT))
        fake.tombstone(PROJECT)
        agree("change.tombstone", fake.record(PROJECT))

    @pytest.mark.parametrize("name", ["change.upsert", "change.recall", "change.tombstone"])
    def test_an_example_is_read_as_it_says(self, name: str) -> None:
        example = golden(name)
        assert faults("change-1", example) == []
        record = read_record(example).record
        assert isinstance(record, ChangeRecord), record
        assert (record.op, record.version, record.digest) == (
            example["op"],
            example["version"],
            example["digest"],
        )


def test_the_doorbell_says_that_and_never_what() -> None:
    fake = FakeRegistry(time_source=MONDAY.timestamp, notify="http://127.0.0.1:9/events")
    fake.put(PROJECT, lifecycle="titled")
    fake.put(PROJECT, lifecycle="withdrawn")
    fake.state.change_dictionary("types", [{"code": "park", "name": "园区"}])
    fake.state.begin_epoch()
    rings = {ring.body["type"]: ring.body for ring in fake.state.doorbell._waiting}
    agree("doorbell.project.changed", rings["registry.project.changed"])
    agree("doorbell.project.withdrawn", rings["registry.project.withdrawn"])
    agree("doorbell.dictionary.changed", rings["registry.dictionary.changed"])
    agree("doorbell.feed.reset", rings["registry.feed.reset"], by_chance=("subject",))


@pytest.mark.usefixtures("app", "clock")
class TestEvents:
    def test_a_change_of_the_opening_state(self) -> None:
        with atomic() as session:
            site = make_site(session, project_id=PROJECT)
            hold_project(session, PROJECT, site_id=site.id)
            steps = [("pending_publication", "open"), ("open", "suspended"), ("suspended", "closed")]
            for before, after in steps:
                changed = OverlayChanged(site_id=str(site.id), before=before, after=after)
                events.publish(session, changed)
        told = {event["type"]: event for event in _announced()}
        for word in ("opened", "suspended", "closed"):
            event = told[f"engagement.site.{word}"]
            agree(f"event.site.{word}", event, by_chance=("id", "sequence", "data.site_id"))

    def test_another_revision_of_a_day(self) -> None:
        with atomic() as session:
            events.publish(session, DayChanged(project_id=PROJECT, on="2026-11-20", revision=2))
        (event,) = _announced()
        agree("event.daily.updated", event, by_chance=("id",))

    def test_a_withdrawal_that_was_carried_out(self) -> None:
        now = kernel_clock.now()
        with atomic() as session:
            site = make_site(session, project_id=PROJECT, lifecycle="withdrawn", overlay="closed")
            held = hold_project(session, PROJECT, version=7, site_id=site.id, lifecycle="withdrawn")
            withdrawals.open_case(
                session,
                project=held,
                effective_at=now,
                reason_code="revoked",
                doc_no="长环联〔2026〕9号",
                now=now,
                actor=SYSTEM,
            )
        (event,) = _announced()
        agree("event.withdrawal.completed", event, by_chance=("id",))

    def test_a_correction_that_was_asked_for(self) -> None:
        now = kernel_clock.now()
        with atomic() as session:
            site = make_site(session, project_id=PROJECT)
            correction = _correction(site.id)
            session.add(correction)
            session.flush()
            filed = Filed(id="COR-2026-0001", state="received")
            corrections.settle_filed(session, correction.id, filed, now=now)
        (event,) = _announced()
        agree("event.correction.requested", event, by_chance=("id",))

    def test_an_article_that_is_published_and_retracted(self) -> None:
        by_chance = ("id", "subject", "data.content_id", "data.url")
        with atomic() as session:
            article = publish_article(session, title="长春冬天的光伏能发多少电")
        (event,) = _announced()
        assert event["subject"] == event["data"]["content_id"] == str(article.id)
        agree("event.content.published", event, by_chance=(*by_chance, "data.sha256"))
        with atomic() as session:
            session.add(article)
            retract_article(session, article, reason="有误", actor=SYSTEM, now=kernel_clock.now())
        (_, event) = _announced()
        agree("event.content.withdrawn", event, by_chance=(*by_chance, "data.sha256"))

    def test_an_article_that_was_retracted_meanwhile_is_not_announced_as_published(self) -> None:
        with atomic() as session:
            article = publish_article(session)
            retract_article(session, article, reason="有误", actor=SYSTEM, now=kernel_clock.now())
        assert [event["type"] for event in _announced()] == ["engagement.content.withdrawn"]


def _correction(site_id: UUID) -> Correction:
    now = kernel_clock.now()
    return Correction(
        id=UUID(int=1),
        site_id=site_id,
        project_id=PROJECT,
        field="district_code",
        held_value="220104",
        claimed_value="220112",
        state=CorrectionState.PENDING,
        filed_by=UUID(int=2),
        filed_at=now - timedelta(hours=1),
        attempts=0,
        next_attempt_at=now,
    )


def _announced() -> list[dict[str, Any]]:
    """What partners would be sent, each checked by its schema."""
    while events.drain():
        pass
    feeds.sequence_feeds()
    with reading() as session:
        rows = session.scalars(select(Announcement).order_by(Announcement.feed_seq)).all()
        bodies = [
            event_body(
                id=str(row.id),
                feed_seq=row.feed_seq,
                type=str(row.type),
                subject=row.subject,
                data=row.data,
                occurred_at=row.occurred_at,
            )
            for row in rows
        ]
    told: list[dict[str, Any]] = [json.loads(body) for body in bodies]
    for event in told:
        assert faults(f"{event['type']}-1", event) == []
    return told


@pytest.mark.usefixtures("clock")
class TestAnswers:
    """What a partner reads, over the API."""

    @pytest.fixture
    def ask(self, app: Flask) -> Callable[[str], Any]:
        with atomic() as session:
            token = sign_in(session).token

        def ask(path: str) -> Any:
            answer = app.test_client().get(
                f"/api/registry/v1{path}", headers={"Authorization": f"Bearer {token}"}
            )
            assert answer.status_code == 200, answer.text
            return answer.get_json()

        return ask

    @pytest.fixture(autouse=True)
    def figures(self, app: Flask) -> None:
        """A day that was given away, one visitor too few to be told of, and then taken back."""
        with atomic() as session:
            site = make_site(session, project_id=PROJECT, code="CC001")
            day = (site.id, FRIDAY)
            counted = figures_of(VisitFigures(42, 6, 5, 3), contributions.count(session, [day])[day])
            row = EngagementDay(
                project_id=PROJECT,
                counted_on=FRIDAY,
                site_id=site.id,
                **asdict(counted),
                shown=pack(let_out(counted)),
                revision=1,
                reason=Reason.INITIAL,
                final=False,
                counted_at=MONDAY,
                generated_at=MONDAY,
            )
            session.add(row)
            session.add(_revision(row, Operation.UPSERT, 1))
        with atomic() as session:
            session.add(_revision(row, Operation.TOMBSTONE, 2))
        feeds.sequence_feeds()

    def test_the_days_of_a_project(self, ask: Callable[[str], Any]) -> None:
        page = ask("/engagement/daily?from=2026-11-01&to=2026-11-30")
        agree("answer.engagement.daily", page)
        assert faults("daily-row-1", page["items"][0]) == []
        assert page["items"][0]["suppressed"] is True

    def test_the_feed_of_revisions(self, ask: Callable[[str], Any]) -> None:
        page = ask("/engagement/changes")
        agree("answer.engagement.changes", page, by_chance=("next_cursor",))
        assert [faults("daily-change-1", change) for change in page["items"]] == [[], []]
        assert [change["op"] for change in page["items"]] == ["upsert", "tombstone"]

    def test_the_totals_of_a_project(self, ask: Callable[[str], Any]) -> None:
        agree("answer.engagement.summary", ask(f"/engagement/projects/{PROJECT}/summary"))

    def test_the_profiles_of_sites(self, ask: Callable[[str], Any]) -> None:
        agree("answer.engagement.sites", ask("/engagement/sites"), by_chance=("items.0.url",))


def _revision(day: EngagementDay, operation: Operation, number: int) -> DayRevision:
    return DayRevision(
        id=new_id(),
        project_id=day.project_id,
        counted_on=day.counted_on,
        revision=number,
        operation=operation,
        reason=Reason.INITIAL if number == 1 else Reason.CORRECTION,
        shown=day.shown if operation is Operation.UPSERT else None,
        final=False,
        occurred_at=MONDAY,
    )


def test_every_event_has_an_example_and_every_example_keeps_its_schema() -> None:
    examples = {name: golden(name) for name in names() if name.startswith(("event.", "doorbell."))}
    for name, example in examples.items():
        assert faults(f"{example['type']}-1", example) == [], name
    shown = {example["type"] for example in examples.values()}
    emitted = {
        name.rpartition("-")[0]
        for direction in (OUT, IN)
        for name, schema in event_schemas(direction).items()
        if schema.get("x-emitted") is not False
    }
    assert shown == emitted


def test_a_schema_refuses_what_it_should() -> None:
    """The positive control of the checks above."""
    event = golden("event.daily.updated")
    assert faults("engagement.daily.updated-1", event | {"sequence": "7"}) != []
    assert faults("engagement.daily.updated-1", event | {"data": {"on": "yesterday", "revision": 1}}) != []
    assert faults("engagement.site.opened-1", event) != []
