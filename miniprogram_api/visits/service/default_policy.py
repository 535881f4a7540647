"""The city's booking rules: changed for all sites that have stated none of their own, from a day on.

The change is one row; the sites follow in batches of the outbox. Bookings keep the rules they were made by.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import SYSTEM, Actor
from miniprogram_api.kernel.clock import beijing_date
from miniprogram_api.kernel.errors import FieldError, Invalid
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.visits.errors.slots import DefaultPolicyUnchanged, PolicyRaced
from miniprogram_api.visits.events_policy import DefaultPolicyChanged, DefaultPolicySpreads
from miniprogram_api.visits.models import DefaultPolicy
from miniprogram_api.visits.queries import default_policy as queries
from miniprogram_api.visits.rules import policy as rules
from miniprogram_api.visits.rules.policy import Policy
from miniprogram_api.visits.service import policies

_BATCH = 20


@dataclass(frozen=True, slots=True)
class DefaultOutlook:
    """A version of the city's rules that is or would be, what it changes, and for how many."""

    version: int
    effective_on: date
    policy: Policy
    changed: dict[str, tuple[Any, Any]]
    sites: int
    slots: int


def default_on(session: Session, on: date) -> Policy:
    """The city's rules of a day."""
    return policies.default_on(session, on)


def preview_default(
    session: Session, *, numbers: Mapping[str, Any], effective_on: date, now: datetime
) -> DefaultOutlook:
    """What `change_default` would do. Raises Invalid, naming each wrong field, and DefaultPolicyUnchanged."""
    if effective_on < beijing_date(now):
        raise Invalid(fields=[FieldError("effective_on", "settings.over")])
    before = rules.to_numbers(default_on(session, effective_on))
    policy = rules.from_numbers({**before, **numbers})
    after = rules.to_numbers(policy)
    changed = {name: (before[name], after[name]) for name in after if before[name] != after[name]}
    if not changed:
        raise DefaultPolicyUnchanged
    versions = queries.list_default_versions(session)
    return DefaultOutlook(
        version=versions[0].version + 1 if versions else 1,
        effective_on=effective_on,
        policy=policy,
        changed=changed,
        sites=queries.count_followers(session),
        slots=queries.count_slots_following(session, first=effective_on),
    )


def change_default(
    session: Session,
    *,
    numbers: Mapping[str, Any],
    effective_on: date,
    reason: str,
    actor: Actor,
    now: datetime,
) -> DefaultOutlook:
    """State the city's rules anew from a day on; raises as `preview_default`, and PolicyRaced."""
    outlook = preview_default(session, numbers=numbers, effective_on=effective_on, now=now)
    row = DefaultPolicy(
        id=new_id(),
        version=outlook.version,
        effective_on=effective_on,
        numbers=rules.to_numbers(outlook.policy),
        reason=reason,
        created_at=now,
        created_by=f"{actor.kind}:{actor.id}",
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise PolicyRaced from None
    audit.record(
        session,
        actor=actor,
        action="visits.change_default_policy",
        object_type="default_policy",
        object_id=str(outlook.version),
        before={name: old for name, (old, _) in outlook.changed.items()},
        after={
            "effective_on": effective_on.isoformat(),
            **{name: new for name, (_, new) in outlook.changed.items()},
        },
        reason=reason,
    )
    events.publish(session, DefaultPolicyChanged(outlook.version, effective_on.isoformat()))
    events.publish(session, DefaultPolicySpreads(outlook.version))
    return outlook


def spread(session: Session, version: int, *, now: datetime) -> list[UUID]:
    """Let the next sites follow a version, and have the rest follow by another batch; returns which did."""
    sites = queries.list_followers_without(session, version, limit=_BATCH)
    for site_id in sites:
        policies.follow_default(session, site_id, actor=SYSTEM, now=now)
    if len(sites) == _BATCH:
        events.publish(session, DefaultPolicySpreads(version))
    return sites


def is_behind(session: Session) -> bool:
    """Whether a site has not heard of the newest version; a read, so that a sweep seldom opens a write."""
    newest = queries.find_newest(session)
    return newest is not None and bool(queries.list_followers_without(session, newest, limit=1))


def catch_up(session: Session, *, now: datetime) -> list[UUID]:
    """Let sites follow whose first timetable was being made while the newest version was stated.

    They were no followers yet when it spread, and read the city's rules before it was there.
    """
    newest = queries.find_newest(session)
    return [] if newest is None else spread(session, newest, now=now)
