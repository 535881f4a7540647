"""All faults of a registry at once: once it is quiet, what we hold is what it holds."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from miniprogram_api.devtools.fake_registry import FakeRegistry
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel import events
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.operations import invariants
from miniprogram_api.operations.snapshots import snapshot
from miniprogram_api.registry import sources
from miniprogram_api.registry.jobs_pulling import pull, pull_due
from miniprogram_api.registry.jobs_reconciling import reconcile_due
from miniprogram_api.registry.models import DeadLetter, DeadLetterState, HeldProject
from miniprogram_api.registry.queries.replica import differences
from miniprogram_api.sites.models import BookingMode, Overlay, Site
from miniprogram_api.sites.rules import dictionary
from miniprogram_api.visits.models import Booking
from tests.conftest import Clock
from tests.factories.members import make_member
from tests.factories.visits import make_booking, make_slot

PAGES = ("/registry/v1/projects/changes", "/registry/v1/projects")
OF_PAGES = ["drop", "duplicate", "reorder", "stale", "conflict", "schema_invalid", "bad_digest"]
OF_CALLS = ["500", "503", "429", "401", "html", "empty", "truncated", "reset", "clock_skew"]
LIVES = ["applied", "public_notice", "titled", "re_review", "titled", "withdrawn", "titled", "expired"]
ROUNDS = 60


@pytest.fixture(autouse=True)
def _own_names() -> Any:
    yield
    dictionary.forget()


def quarrel(fake: FakeRegistry, chance: random.Random) -> None:
    """One round's trouble: a page that is not what it should be, or a call that fails."""
    if chance.random() < 0.5:
        fake.fault(PAGES[0], chance.choice(OF_PAGES), times=1)
    if chance.random() < 0.3:
        fake.fault(chance.choice(PAGES), chance.choice(OF_CALLS), times=1)
    if chance.random() < 0.1:
        fake.fault(PAGES[0], chance.choice(["cursor_expired", "epoch_reset"]), times=1)


def change_something(fake: FakeRegistry, chance: random.Random, number: int) -> None:
    project_id = f"P-{chance.randrange(8)}"
    if chance.random() < 0.05:
        fake.recall(project_id)
    else:
        fake.put(project_id, lifecycle=chance.choice(LIVES), name=f"第{number}版（示例）")


@pytest.mark.parametrize("seed", [1, 18])
def test_once_quiet_the_replica_is_the_provider(
    app: Flask, fake_registry: FakeRegistry, clock: Clock, seed: int
) -> None:
    chance = random.Random(seed)
    ids = [f"P-{number}" for number in range(8)]
    for project_id in ids:
        fake_registry.put(project_id)
    for number in range(ROUNDS):
        quarrel(fake_registry, chance)
        for _ in range(chance.randrange(4)):
            change_something(fake_registry, chance, number)
        clock.advance(minutes=6)
        pull_due()
    fake_registry.state.faults.clear()
    # Records that a page dropped are repaired by the project's next one, or by a snapshot.
    fake_registry.state.feed.begin_epoch("quiet")
    for _ in range(3):
        clock.advance(minutes=6)
        pull_due()
        while events.drain():
            pass
    records = {project_id: fake_registry.record(project_id) for project_id in ids}
    expected = {project_id: (it["version"], it["digest"]) for project_id, it in records.items()}
    with reading() as session:
        held = {row.project_id: (row.version, row.digest) for row in session.scalars(select(HeldProject))}
        open_ = session.scalars(select(DeadLetter).where(DeadLetter.state == DeadLetterState.OPEN)).all()
        assert held == expected
        assert differences(session) == []
        assert [letter.project_id for letter in open_] == []


@pytest.mark.parametrize("end", ["withdrawn", "tombstone"])
@pytest.mark.parametrize("trouble", ["drop", "cursor_expired", "epoch_reset"])
def test_whatever_goes_wrong_no_visit_outlives_its_project(
    app: Flask, fake_registry: FakeRegistry, clock: Clock, end: str, trouble: str
) -> None:
    for project_id in ("P-0", "P-1"):
        fake_registry.put(project_id, lifecycle="titled", education_base=True)
    pull_due()
    reconcile_due()
    visits = {project_id: book_at(project_id) for project_id in ("P-0", "P-1")}
    fake_registry.fault(PAGES[0], trouble, times=1)
    if end == "tombstone":
        fake_registry.tombstone("P-0")
    else:
        fake_registry.put("P-0", lifecycle="withdrawn")
    fake_registry.put("P-1", name="另一版（示例）")
    for _ in range(2):
        clock.advance(minutes=6)
        pull_due()
    clock.advance(days=1)  # what a page dropped in the end is found in the night
    reconcile_due()
    while events.drain():
        pass
    with reading() as session:
        found = session.execute(select(Booking.id, Booking.status)).all()
    assert {row.id: row.status.value for row in found} == {
        visits["P-0"]: "cancelled",
        visits["P-1"]: "confirmed",
    }
    with snapshot() as session:
        broken = {invariant.code for invariant, rows in invariants.check(session) if rows}
    assert broken.isdisjoint({"I1", "I2", "I3", "I8", "I11"})


def book_at(project_id: str) -> UUID:
    """The site of a project opens, and somebody books a visit in three days."""
    with atomic() as session:
        site = session.scalars(select(Site).where(Site.project_id == project_id)).one()
        site.overlay, site.booking_mode = Overlay.OPEN, BookingMode.SLOTS
        slot = make_slot(session, site.id, starts_at=kernel_clock.now() + timedelta(days=3))
        return make_booking(session, slot, member_id=make_member(session).id).id


def test_a_site_that_says_otherwise_than_what_we_hold_is_found(
    app: Flask, fake_registry: FakeRegistry
) -> None:
    """The check itself, tried on a site that was changed behind its back."""
    fake_registry.put("P-0", lifecycle="titled")
    pull_due()
    with reading() as session:
        assert differences(session) == []
    with atomic() as session:
        session.scalars(select(Site)).one().name = "改过的名字"
    with reading() as session:
        assert differences(session) == ["P-0"]


def test_a_page_with_poison_is_taken_over_but_for_the_poison(
    app: Flask, fake_registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(3):
        fake_registry.put(f"P-{number}")
    source = sources.current()
    assert source is not None
    real = source.read_snapshot

    def poisoned(**options: Any) -> Any:
        page = real(**options)
        deep: Any = None
        for _ in range(50_000):
            deep = [deep]
        poison = [None, 7, "x" * 10_000_000, {"project_id": "P-9", "data": deep}, [page.items[0]]]
        chance = random.Random(13)
        items = [*page.items, *poison]
        chance.shuffle(items)
        return type(page)(
            page.snapshot_id, page.feed_epoch, page.resume_cursor, items, page.next_cursor, page.as_of
        )

    monkeypatch.setattr(source, "read_snapshot", poisoned)
    done = pull(source)
    assert (done.error, done.outcomes["applied"], done.outcomes["dead"]) == (None, 3, 5)
    assert pull(source).records == 0
