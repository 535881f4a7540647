"""The data of a bench: a city of sites with thirty days of slots, people with tokens, gates with devices.

Rows are inserted directly, because making them through the services would take longer than measuring them.
Only hashes of tokens are stored, as in life; the tokens themselves stay here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Table, insert, select, text, update
from sqlalchemy.orm import Session

from content.models import Topic
from content.queries.search import INDEX
from miniprogram_api.devtools.bench.articles import NOWHERE, TOPICS, Surroundings, article_rows
from miniprogram_api.devtools.bench.sites import (
    CAPACITY,
    CLOSES_MINUTE,
    OPENS_MINUTE,
    SLOT_MINUTES,
    SiteRows,
    site_rows,
)
from miniprogram_api.identity.models import GateDevice, Member, MemberSession
from miniprogram_api.identity.service import staff
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.clock import beijing_date, beijing_time
from miniprogram_api.kernel.db import Model, atomic, is_sqlite
from miniprogram_api.kernel.ids import new_id, opaque_token, token_hash
from miniprogram_api.sites.models import BookingMode, Indicator, Notice, OpeningRule, Photo, Site, Technology
from miniprogram_api.sites.service.search import index_site
from miniprogram_api.visits.models import PolicyVersion, Slot, SlotState
from miniprogram_api.visits.rules.policy import DEFAULT, to_numbers

DAYS = 30
_NEVER_FULL = 1_000_000
_SOLD_OUT_AT = 100
_SPREAD = 100
_GATES = 10
_BOOKED_AHEAD_DAYS = 2
_CHUNK = 2_000


@dataclass(frozen=True, slots=True)
class Gate:
    """A site's gate with its device's token, and the slot whose visitors come now."""

    site_id: UUID
    token: str
    slot: dict[str, Any]


@dataclass(frozen=True, slots=True)
class World:
    """What requests are made of."""

    sites: list[UUID]  # those with slots
    members: list[tuple[UUID, str]]  # id and access token
    spread: list[UUID]  # a hundred slots at a hundred sites
    hot: UUID
    small: UUID  # a slot that sells out
    gates: list[Gate]
    today: date
    articles: list[UUID] = field(default_factory=list)  # the newest ones
    surroundings: Surroundings = NOWHERE


def make_world(*, sites: int, members: int, articles: int) -> World:
    """Fill an empty database. Needs an application context."""
    world = _make_city(sites=sites, members=members)
    surroundings, newest = _make_articles(articles, world.sites)
    _analyse()
    return replace(world, articles=newest, surroundings=surroundings)


def _make_city(*, sites: int, members: int) -> World:
    now = clock.now()
    with atomic() as session:
        rows = site_rows(sites, now=now)
        _insert_sites(session, rows)
        bookable = [row["id"] for row in rows.sites if row["booking_mode"] == BookingMode.SLOTS]
        policies = _insert_policies(session, bookable, now)
        rules = {row["site_id"]: row["id"] for row in rows.rules}
        insert_rows(session, Slot, _slots(policies, rules, now))
        people = _insert_members(session, members, now)
        gates = _insert_gates(session, bookable[: min(_GATES, len(bookable))], policies, now)
        spread = _pick_slots(session, bookable, now)
    with atomic() as session:
        for site in session.scalars(select(Site)):
            index_site(session, site)
    return World(bookable, people, spread[2:], spread[0], spread[1], gates, beijing_date(now))


def _make_articles(count: int, sites: Sequence[UUID]) -> tuple[Surroundings, list[UUID]]:
    """Articles in portions, each a transaction; returns what they are about, and the newest of them."""
    now = clock.now()
    with atomic() as session:
        writer, reviewer = (
            staff.create_account(
                session,
                username=f"bench-{name}",
                display_name="示例编辑",
                organisation_id=None,
                password_hash="",
                must_change_password=True,
                demo=False,
                actor=SYSTEM,
                now=now,
            ).id
            for name in ("writer", "reviewer")
        )
        topics: list[dict[str, Any]] = [
            {"id": new_id(), "name": f"示例专题{number}", "summary": "示例", "cover_asset_id": None}
            | {"position": number, "created_at": now, "retired_at": None}
            for number in range(TOPICS)
        ]
        insert_rows(session, Topic, topics)
    around = Surroundings(writer, reviewer, [topic["id"] for topic in topics], sites)
    newest: list[UUID] = []
    for rows in article_rows(count, around, now=now):
        with atomic() as session:
            for model, made in rows.tables.items():
                insert_rows(session, model, made)
            INDEX.put_all(session, rows.documents)
        newest = newest or [article_id for article_id, _, _ in rows.documents]
    return around, newest


def make_members(count: int) -> list[tuple[UUID, str]]:
    """More people with tokens."""
    with atomic() as session:
        return _insert_members(session, count, clock.now())


def make_visitors(site_id: UUID, *, members: int, slots: int) -> World:
    """People for `books.issue_tickets`, and slots at a site that has a policy and none yet."""
    now = clock.now()
    first = beijing_time(beijing_date(now) + timedelta(days=1), OPENS_MINUTE)
    with atomic() as session:
        policy = session.scalars(select(PolicyVersion.id).where(PolicyVersion.site_id == site_id)).one()
        people = _insert_members(session, members, now)
        made = [
            _slot(site_id, policy, first + timedelta(days=number), now) | {"capacity": _NEVER_FULL}
            for number in range(slots)
        ]
        insert_rows(session, Slot, made)
    ids = [slot["id"] for slot in made]
    gates = [Gate(site_id, "", slot) for slot in made]
    return World([site_id], people, ids, ids[0], ids[0], gates, beijing_date(now))


def insert_rows(session: Session, model: type[Model], rows: Sequence[dict[str, Any]]) -> None:
    """Insert rows, some thousands in a statement."""
    for start in range(0, len(rows), _CHUNK):
        session.connection().execute(insert(table_of(model)), rows[start : start + _CHUNK])


def table_of(model: type[Model]) -> Table:
    """The table, for inserts that need no objects."""
    table = model.__table__
    assert isinstance(table, Table)  # noqa: S101  declared classes map tables
    return table


def _insert_sites(session: Session, rows: SiteRows) -> None:
    insert_rows(session, Site, rows.sites)
    for model, children in (
        (OpeningRule, rows.rules),
        (Photo, rows.photos),
        (Technology, rows.technologies),
        (Indicator, rows.indicators),
        (Notice, rows.notices),
    ):
        insert_rows(session, model, children)


def _insert_policies(session: Session, sites: Sequence[UUID], now: datetime) -> dict[UUID, UUID]:
    rows: list[dict[str, Any]] = [
        {
            "id": new_id(),
            "site_id": site,
            "version": 1,
            "effective_on": date(2000, 1, 1),
            "numbers": to_numbers(DEFAULT),
            "created_at": now,
            "created_by": None,
        }
        for site in sites
    ]
    insert_rows(session, PolicyVersion, rows)
    return {row["site_id"]: row["id"] for row in rows}


def _slots(policies: dict[UUID, UUID], rules: dict[UUID, UUID], now: datetime) -> list[dict[str, Any]]:
    """What the opening rules ask for: the job that makes slots finds nothing to do."""
    first = beijing_date(now)
    days = [first + timedelta(days=day) for day in range(DAYS)]
    return [
        _slot(site, policy, beijing_time(day, minute), now) | {"rule_id": rules[site]}
        for site, policy in policies.items()
        for day in days
        for minute in range(OPENS_MINUTE, CLOSES_MINUTE, SLOT_MINUTES)
    ]


def _slot(site: UUID, policy: UUID, starts_at: datetime, now: datetime) -> dict[str, Any]:
    visit_on = beijing_date(starts_at)
    return {
        "id": new_id(),
        "site_id": site,
        "rule_id": None,
        "policy_id": policy,
        "visit_on": visit_on,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(minutes=SLOT_MINUTES),
        "releases_at": DEFAULT.releases_at(visit_on),
        "books_until": DEFAULT.books_until(starts_at),
        "capacity": CAPACITY,
        "booked": 0,
        "held": 0,
        "child_capacity": None,
        "children_booked": 0,
        "wheelchair_capacity": None,
        "wheelchairs_booked": 0,
        "state": SlotState.OPEN,
        "closed_reason": None,
        "closed_text": None,
        "closure_id": None,
        "amnesty": False,
        "edited": False,
        "provisional": False,
        "created_at": now,
    }


def _insert_members(session: Session, count: int, now: datetime) -> list[tuple[UUID, str]]:
    people = [(new_id(), f"mp_{opaque_token()}") for _ in range(count)]
    empty = dict.fromkeys(column.name for column in Member.__table__.columns if column.nullable)
    insert_rows(session, Member, [empty | {"id": member, "created_at": now} for member, _ in people])
    insert_rows(session, MemberSession, [_member_session(member, token, now) for member, token in people])
    return people


def _member_session(member: UUID, token: str, now: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "family_id": new_id(),
        "member_id": member,
        "access_hash": token_hash(token),
        "access_expires_at": now + timedelta(hours=2),
        "refresh_hash": token_hash(opaque_token()),
        "refresh_expires_at": now + timedelta(days=30),
        "created_at": now,
        "superseded_at": None,
        "revoked_at": None,
    }


def _insert_gates(
    session: Session, sites: Sequence[UUID], policies: dict[UUID, UUID], now: datetime
) -> list[Gate]:
    """A device at each site, and a slot that begins now, off the regular ones by an odd second."""
    begins = now.replace(microsecond=0) + timedelta(minutes=5, seconds=1 if now.second != 1 else 2)
    by_hand = {"capacity": _NEVER_FULL, "edited": True}
    gates = [
        Gate(site, f"gd_{opaque_token()}", _slot(site, policies[site], begins, now) | by_hand)
        for site in sites
    ]
    insert_rows(session, Slot, [gate.slot for gate in gates])
    devices = [
        {
            "id": new_id(),
            "site_id": gate.site_id,
            "name": f"示例闸机{number}",
            "token_hash": token_hash(gate.token),
            "created_at": now,
            "created_by": None,
            "revoked_at": None,
            "demo": False,
        }
        for number, gate in enumerate(gates, start=1)
    ]
    insert_rows(session, GateDevice, devices)
    return gates


def _pick_slots(session: Session, sites: Sequence[UUID], now: datetime) -> list[UUID]:
    """The slots to book: the hot one, the one that sells out, and the hundred, each at a site of its own."""
    on = beijing_date(now) + timedelta(days=_BOOKED_AHEAD_DAYS)
    morning = select(Slot.id).where(Slot.visit_on == on, Slot.starts_at == beijing_time(on, OPENS_MINUTE))
    chosen = [session.scalars(morning.where(Slot.site_id == site)).one() for site in sites[: _SPREAD + 2]]
    for slot_id, capacity in _capacities(chosen):
        session.execute(update(Slot).where(Slot.id == slot_id).values(capacity=capacity, edited=True))
    return chosen


def _capacities(chosen: Sequence[UUID]) -> Iterator[tuple[UUID, int]]:
    for number, slot_id in enumerate(chosen):
        yield slot_id, _SOLD_OUT_AT if number == 1 else _NEVER_FULL


def _analyse() -> None:
    """Let PostgreSQL's planner know the data, as its housekeeping does in minutes; SQLite has none."""
    with atomic() as session:
        if not is_sqlite(session):
            session.execute(text("SET LOCAL statement_timeout = 0"))
            session.execute(text("ANALYZE"))
