"""Sites by themselves: what lies above is replaced by ports that say what a test wants them to."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import ColumnElement, Date, ScalarSelect, and_, case, event, false, literal, or_, select
from sqlalchemy.orm import Session

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import files
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import atomic, db
from miniprogram_api.sites import availability, consequences
from miniprogram_api.sites.availability import Day, Instant, PolicyInForce
from miniprogram_api.sites.consequences import PlanDays
from tests.conftest import Clock
from tests.factories.staff import signed_in
from tests.support.clients import BearerClient

ACTOR = Actor(kind="staff", id="00000000-0000-0000-0000-000000000001")


class FakeAvailability:
    """Rooms as a test sets them, by site; after each change another, for what it answers is kept."""

    def __init__(self) -> None:
        self.next_days: dict[UUID, date] = {}
        self.open_days: set[tuple[UUID, date]] = set()

    def __hash__(self) -> int:
        return hash((frozenset(self.next_days.items()), frozenset(self.open_days)))

    def next_available_on(
        self, site_id: ColumnElement[UUID], *, now: Instant, today: Day
    ) -> ScalarSelect[date | None]:
        cases = [(site_id == known, literal(on, Date())) for known, on in self.next_days.items()]
        nothing = literal(None, Date())
        return select(case(*cases, else_=nothing) if cases else nothing).scalar_subquery()

    def is_open_on(self, site_id: ColumnElement[UUID], on: Day, *, now: Instant) -> ColumnElement[bool]:
        return or_(false(), *(and_(site_id == known, on == day) for known, day in self.open_days))

    def policy_of(self, session: Session, site_id: UUID, on: date) -> PolicyInForce:
        return {"words": ["可提前 7 天预约。"], "numbers": {"window_days": 7}}


class FakeConsequences:
    """Remembers what it was asked, and answers with a count of sessions."""

    def __init__(self) -> None:
        self.applied: list[UUID] = []

    def preview(self, session: Session, site_id: UUID, *, plan: PlanDays, now: datetime) -> dict[str, Any]:
        today = now.date()
        return {"sessions_today": len(plan(today, today)[today].spans)}

    def apply(self, session: Session, site_id: UUID, *, now: datetime, actor: Actor) -> dict[str, Any]:
        self.applied.append(site_id)
        return {"applied": True}


@pytest.fixture
def rooms(app: Flask, clock: Clock) -> FakeAvailability:
    """What can be booked; nothing until the test says so."""
    fake = FakeAvailability()
    availability.use(fake)
    return fake


@pytest.fixture
def follows(app: Flask, rooms: FakeAvailability) -> FakeConsequences:
    """What would follow for slots."""
    fake = FakeConsequences()
    consequences.use(fake)
    return fake


@pytest.fixture
def session(follows: FakeConsequences) -> Generator[Session]:
    """A write transaction on an empty database, committed at the end of the test."""
    with atomic() as session:
        yield session


@pytest.fixture
def uploads(app: Flask) -> files.FileStore:
    """The application's file store."""
    files.configure(app.extensions["settings"].data_dir)
    return files.current()


@pytest.fixture
def admin(app: Flask, follows: FakeConsequences) -> BearerClient:
    """Somebody who may change and publish every site."""
    return BearerClient(app, signed_in(Role.ADMIN))


@pytest.fixture
def working_at(app: Flask, follows: FakeConsequences) -> Callable[..., BearerClient]:
    """Somebody who holds a role at one site."""

    def client(role: Role, site_id: UUID) -> BearerClient:
        return BearerClient(app, signed_in(role, site_id=site_id))

    return client


@contextmanager
def counting_statements() -> Iterator[list[str]]:
    """The statements that go to the database meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
