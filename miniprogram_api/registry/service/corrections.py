"""Corrections: filed by staff of a site, delivered to the registry once, and its answers kept.

A wrong value stays as the registry gave it until the registry itself gives another.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.audit import SYSTEM, Actor
from miniprogram_api.kernel.errors import FieldError
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry.errors_corrections import CorrectionUnderWay, FieldNotTheirs, NoProjectHeld
from miniprogram_api.registry.events_corrections import CorrectionChanged
from miniprogram_api.registry.models.announcements import EventType
from miniprogram_api.registry.models.corrections import OPEN_CORRECTIONS, Correction, CorrectionState
from miniprogram_api.registry.models.projects import HeldProject
from miniprogram_api.registry.rules import corrections as rules
from miniprogram_api.registry.service.announcements import announce
from miniprogram_api.registry.sources.port import Filed
from miniprogram_api.sites.rules.ownership import REGISTRY_FIELDS
from miniprogram_api.sites.service import get_managed_site

_ASKED_AFTER = (CorrectionState.RECEIVED, CorrectionState.ACCEPTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What staff say is wrong, and what it should be."""

    field: str
    claimed_value: str
    evidence_url: str | None = None
    note: str | None = None


def file_correction(
    session: Session, principal: Principal, site_id: UUID, claim: Claim, *, actor: Actor, now: datetime
) -> Correction:
    """Ask the registry to correct a field; the value held now goes with it. Delivered by background work.

    Raises SiteMissing outside the caller's scope, FieldNotTheirs, NoProjectHeld, CorrectionUnderWay.
    """
    get_managed_site(session, principal, "corrections.file", site_id)
    if claim.field not in REGISTRY_FIELDS:
        raise FieldNotTheirs(fields=[FieldError("field", "registry.field_not_theirs")])
    # The lock lets two people who file at once meet here.
    held = session.scalars(
        select(HeldProject).where(HeldProject.site_id == site_id).with_for_update()
    ).one_or_none()
    if held is None:
        raise NoProjectHeld
    _refuse_second(session, site_id, claim.field)
    correction = Correction(
        id=new_id(),
        site_id=site_id,
        project_id=held.project_id,
        field=claim.field,
        held_value=held.data.get(claim.field),
        claimed_value=claim.claimed_value,
        evidence_url=claim.evidence_url,
        note=claim.note,
        state=CorrectionState.PENDING,
        filed_by=principal.id,
        filed_at=now,
        attempts=0,
        next_attempt_at=now,
    )
    session.add(correction)
    session.flush()
    _note(session, correction, "file_correction", actor, after={"field": claim.field, "state": "pending"})
    return correction


def _refuse_second(session: Session, site_id: UUID, field: str) -> None:
    same = select(Correction.id).where(
        Correction.site_id == site_id, Correction.field == field, Correction.state.in_(OPEN_CORRECTIONS)
    )
    other = session.scalars(same.limit(1)).one_or_none()
    if other is not None:
        raise CorrectionUnderWay(correction_id=str(other))


def as_sent(correction: Correction) -> Mapping[str, Any]:
    """The correction as the registry takes it; who filed it is no business of the registry."""
    return {
        "project_id": correction.project_id,
        "field": correction.field,
        "held_value": correction.held_value,
        "claimed_value": correction.claimed_value,
        "evidence_url": correction.evidence_url,
        "note": correction.note,
    }


def list_due(session: Session, *, now: datetime, limit: int) -> list[Correction]:
    """Those to deliver or to ask after now, the longest due first."""
    due = select(Correction).where(
        Correction.state.in_((CorrectionState.PENDING, *_ASKED_AFTER)), Correction.next_attempt_at <= now
    )
    return list(session.scalars(due.order_by(Correction.next_attempt_at, Correction.id).limit(limit)))


def settle_filed(session: Session, correction_id: UUID, filed: Filed, *, now: datetime) -> None:
    """The registry has it: keep its id and its word, and tell partners, the first time only."""
    correction = _lock(session, correction_id)
    if correction is None:
        return
    known = {state.value for state in CorrectionState} - {CorrectionState.PENDING.value}
    # A word that we do not know means no decision; it is asked after again.
    state = CorrectionState(filed.state) if filed.state in known else CorrectionState.RECEIVED
    first = correction.registry_id is None
    before = {"state": str(correction.state)}
    changed = first or state is not correction.state
    correction.registry_id = correction.registry_id or filed.id
    correction.state, correction.answer, correction.decided_at = state, filed.answer, filed.decided_at
    correction.attempts, correction.last_error = 0, None
    correction.next_attempt_at = now + rules.ASK_EVERY
    if first:
        correction.delivered_at = now
        announce(
            session,
            type=EventType.CORRECTION_REQUESTED,
            subject=correction.project_id,
            data={"correction_id": filed.id, "field": correction.field},
            now=now,
        )
    if changed:
        _note(session, correction, "settle_correction", SYSTEM, before=before, after={"state": str(state)})


def settle_refused(session: Session, correction_id: UUID, *, status: int, code: str, now: datetime) -> None:
    """The registry said no: to the request itself for good, else it is tried again later."""
    correction = _lock(session, correction_id)
    if correction is None:
        return
    if correction.registry_id is not None or not rules.is_final(status):
        _postpone(correction, f"{status} {code}", now, None)
        return
    before = {"state": str(correction.state)}
    correction.state, correction.last_error = CorrectionState.REFUSED, f"{status} {code}"[:80]
    _note(session, correction, "settle_correction", SYSTEM, before=before, after={"state": "refused"})


def settle_failed(
    session: Session, correction_id: UUID, *, reason: str, retry_after_s: float | None, now: datetime
) -> None:
    """The registry was not reached; try again, later each time."""
    correction = _lock(session, correction_id)
    if correction is not None:
        _postpone(correction, reason, now, retry_after_s)


def _postpone(correction: Correction, reason: str, now: datetime, retry_after_s: float | None) -> None:
    correction.attempts += 1
    correction.last_error = reason[:80]
    correction.next_attempt_at = rules.try_again_at(correction.attempts, now=now, retry_after_s=retry_after_s)


def _lock(session: Session, correction_id: UUID) -> Correction | None:
    """The correction while it is open; workers that delivered it at once settle it one after the other."""
    wanted = select(Correction).where(Correction.id == correction_id, Correction.state.in_(OPEN_CORRECTIONS))
    locked = wanted.with_for_update().execution_options(populate_existing=True)
    return session.scalars(locked).one_or_none()


def _note(
    session: Session,
    correction: Correction,
    action: str,
    actor: Actor,
    *,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    session.flush()
    audit.record(
        session,
        actor=actor,
        action=f"registry.{action}",
        object_type="correction",
        object_id=str(correction.id),
        before=before,
        after=after,
    )
    events.publish(
        session,
        CorrectionChanged(
            correction_id=str(correction.id), site_id=str(correction.site_id), state=str(correction.state)
        ),
    )
