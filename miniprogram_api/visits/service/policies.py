"""Versions of a site's booking policy: the first one, changing it, and what a change would do."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.errors import FieldError, Invalid
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.visits.errors.slots import PolicyRaced
from miniprogram_api.visits.events import PolicyChanged
from miniprogram_api.visits.models import PolicyVersion, Slot
from miniprogram_api.visits.queries import default_policy as default_queries
from miniprogram_api.visits.queries import timetable as timetable_queries
from miniprogram_api.visits.rules import policy as rules
from miniprogram_api.visits.rules.policy import Policy
from miniprogram_api.visits.rules.timetable import DatedPolicy, ExistingSlot, policy_on, under_policy
from miniprogram_api.visits.service.inserts import insert_missing

BUILT_IN = 0
FIRST_DAY = date(2000, 1, 1)  # the built-in numbers rule every day that no later version does


@dataclass(frozen=True, slots=True)
class PolicyOutlook:
    """A version that is or would be, and how many slots to come it rules, with and without seats taken."""

    version: int
    effective_on: date
    policy: Policy
    slots: int
    slots_taken: int


def list_versions(session: Session, site_id: UUID) -> list[PolicyVersion]:
    """Every version of a site's policy, the newest first."""
    mine = select(PolicyVersion).where(PolicyVersion.site_id == site_id)
    return list(session.scalars(mine.order_by(PolicyVersion.version.desc())))


def list_dated(session: Session, site_id: UUID, *, own_from: date | None = None) -> list[DatedPolicy]:
    """The versions of a site as the rules see them, as if one of its own were to hold from a day on.

    From the first day of a version of its own on, the city's rules are the site's no more.
    """
    versions = list_versions(session, site_id)
    owns = [version.effective_on for version in versions if version.default_version is None]
    since = min([*owns, own_from] if own_from else owns, default=None)
    return [
        _dated(version)
        for version in versions
        if version.default_version is None or since is None or version.effective_on < since
    ]


def ensure_policy(session: Session, site_id: UUID, *, now: datetime) -> list[DatedPolicy]:
    """The versions of a site, the city's rules made its first ones if there are none."""
    versions = list_dated(session, site_id)
    if versions:
        return versions
    for number, default in enumerate(_defaults(session), start=1):
        _insert(session, site_id, default, version=number, now=now, actor=None)
    return list_dated(session, site_id)


def undecided(session: Session) -> list[DatedPolicy]:
    """The versions of a site before its first slot: the city's rules, which no row of its own holds yet."""
    numbered = enumerate(_defaults(session), start=1)
    return [replace(default, version=number) for number, default in numbered][::-1]


def _defaults(session: Session) -> list[DatedPolicy]:
    """The city's rules by their own versions, the built-in numbers first."""
    stated = default_queries.list_dated_defaults(session)
    return [DatedPolicy(new_id(), BUILT_IN, FIRST_DAY, rules.DEFAULT), *reversed(stated)]


def default_on(session: Session, on: date) -> Policy:
    """The city's rules of a day."""
    return policy_on(undecided(session), on).policy


def follow_default(session: Session, site_id: UUID, *, actor: Actor, now: datetime) -> None:
    """Give a site without rules of its own what the city has stated since, and put its slots under it."""
    known = {version.default_version for version in list_versions(session, site_id)}
    fresh = [default for default in _defaults(session) if default.version not in known]
    for default in fresh:
        version = _next_version(session, site_id)
        _insert(session, site_id, default, version=version, now=now, actor=None)
        outlook = PolicyOutlook(version, default.effective_on, default.policy, slots=0, slots_taken=0)
        _tell(session, site_id, outlook, actor)
    if fresh:
        _move_slots(session, site_id, min(default.effective_on for default in fresh), now)


def preview_policy(
    session: Session, *, site_id: UUID, policy: Policy, effective_on: date, now: datetime
) -> PolicyOutlook:
    """What `change_policy` would do. Raises Invalid for a day that is over."""
    _check_day(effective_on, now)
    versions = list_dated(session, site_id, own_from=effective_on)
    version = _next_version(session, site_id)
    draft = DatedPolicy(new_id(), version, effective_on, policy)
    moved = _moved(session, site_id, [*versions, draft], now)
    ruled = [slot for slot, values in moved if values["policy_id"] == draft.id]
    taken = sum(1 for slot in ruled if slot.taken)
    return PolicyOutlook(version, effective_on, policy, slots=len(ruled), slots_taken=taken)


def change_policy(
    session: Session, *, site_id: UUID, policy: Policy, effective_on: date, actor: Actor, now: datetime
) -> PolicyOutlook:
    """Give a site a new version from a day on and put that day's and later slots under it.

    Bookings keep the version they were made under; new ones follow the new version at once, in slots with and
    without bookings. A slot without seats taken gets the new release, one with seats taken is never released
    later than before. Raises Invalid for a day that is over and PolicyRaced when another change came first.
    """
    ensure_policy(session, site_id, now=now)
    outlook = preview_policy(session, site_id=site_id, policy=policy, effective_on=effective_on, now=now)
    stated = DatedPolicy(new_id(), outlook.version, effective_on, policy)
    _insert(session, site_id, stated, version=outlook.version, now=now, actor=actor)
    _move_slots(session, site_id, effective_on, now)
    _tell(session, site_id, outlook, actor)
    return outlook


def find_policy(session: Session, site_id: UUID, on: date) -> Policy:
    """The policy that rules a day of a site; the city's where it has none of its own."""
    return policy_on(list_dated(session, site_id) or undecided(session), on).policy


def merged(session: Session, site_id: UUID, numbers: Mapping[str, Any], *, on: date) -> Policy:
    """The policy of a day with some of its numbers replaced. Raises Invalid, naming each wrong field."""
    return rules.changed(find_policy(session, site_id, on), numbers)


def _dated(version: PolicyVersion) -> DatedPolicy:
    policy = rules.from_numbers(version.numbers)
    return DatedPolicy(version.id, version.version, version.effective_on, policy)


def _check_day(effective_on: date, now: datetime) -> None:
    if effective_on < beijing_date(now):
        raise Invalid(fields=[FieldError("effective_on", "field.range")])


def _moved(
    session: Session, site_id: UUID, versions: list[DatedPolicy], now: datetime
) -> list[tuple[ExistingSlot, dict[str, Any]]]:
    coming = timetable_queries.list_existing(session, site_id, first=beijing_date(now), now=now)
    moves = [(slot, under_policy(slot, policy_on(versions, slot.visit_on))) for slot in coming]
    return [(slot, values) for slot, values in moves if values]


def _move_slots(session: Session, site_id: UUID, effective_on: date, now: datetime) -> None:
    timetable_queries.lock_slots(session, site_id, first=effective_on, now=now)
    moved = _moved(session, site_id, list_dated(session, site_id), now)
    if moved:
        session.execute(update(Slot), [{"id": slot.id, **values} for slot, values in moved])


def _next_version(session: Session, site_id: UUID) -> int:
    latest = select(func.max(PolicyVersion.version)).where(PolicyVersion.site_id == site_id)
    return (session.scalar(latest) or 0) + 1


def _insert(
    session: Session,
    site_id: UUID,
    stated: DatedPolicy,
    *,
    version: int,
    now: datetime,
    actor: Actor | None,
) -> None:
    """Keep a version: of the site's own by an actor, of the city's by nobody."""
    row = {
        "id": new_id(),
        "site_id": site_id,
        "version": version,
        "effective_on": stated.effective_on,
        "numbers": rules.to_numbers(stated.policy),
        "created_at": now,
        "created_by": f"{actor.kind}:{actor.id}" if actor else None,
        "default_version": None if actor else stated.version,
    }
    unique = ("site_id", "version")
    inserted = insert_missing(session, PolicyVersion, [row], unique=unique, returning=PolicyVersion.id)
    if not inserted and actor is not None:
        raise PolicyRaced


def _tell(session: Session, site_id: UUID, outlook: PolicyOutlook, actor: Actor) -> None:
    audit.record(
        session,
        actor=actor,
        action="visits.change_policy",
        object_type="site",
        object_id=str(site_id),
        after={
            "version": outlook.version,
            "effective_on": outlook.effective_on.isoformat(),
            "numbers": rules.to_numbers(outlook.policy),
        },
    )
    events.publish(session, PolicyChanged(str(site_id), outlook.version, outlook.effective_on.isoformat()))
