"""Following the registry about one difference, and trying a comparison out: reads outside, then one write."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry import jobs_reconciling, sources
from miniprogram_api.registry.errors_reconciliation import RegistryAway
from miniprogram_api.registry.models.reconciliation import Difference, Kind
from miniprogram_api.registry.queries.reports import find_site_of, get_difference
from miniprogram_api.registry.rules.reconciliation import REPAIRABLE
from miniprogram_api.registry.service import deciding, reconciling
from miniprogram_api.registry.service.deciding import Decision
from miniprogram_api.registry.service.reconciling import Finding
from miniprogram_api.registry.sources.port import (
    CursorExpired,
    RegistrySource,
    SourceRefused,
    SourceUnavailable,
)
from miniprogram_api.sites.service import profile

SUSPENDED = "site_suspended"
NOT_OPEN = "site_not_open"


@dataclass(frozen=True, slots=True)
class Trial:
    """What a comparison would find now; nothing was written."""

    counts: Mapping[Kind, int]
    differences: list[Finding]


def try_comparison(*, most: int) -> Trial:
    """Compare without mending or keeping anything. Raises RegistryAway."""
    source = _source()
    try:
        stands = jobs_reconciling.read_stands(source)
    except (SourceUnavailable, SourceRefused, CursorExpired) as error:
        raise RegistryAway from error
    with reading() as session:
        findings = list(reconciling.inspect(session, stands, now=clock.now()))
    counts = {kind: sum(finding.kind is kind for finding in findings) for kind in Kind}
    return Trial(counts, [finding for finding in findings if finding.kind is not Kind.MATCH][:most])


def keep(difference_id: UUID, *, reason: str, actor: Actor) -> None:
    """Leave a difference as it is, for a reason. Raises DifferenceMissing, DifferenceSettled."""
    now = clock.now()
    with atomic() as session:
        found = deciding.lock_open_difference(session, difference_id)
        deciding.decide(session, found, Decision.KEPT, outcome=None, reason=reason, actor=actor, now=now)


def follow(difference_id: UUID, *, reason: str, principal: Principal, actor: Actor) -> str:
    """Do as the registry says: take its record over, or stop opening a site of which it knows nothing more.

    Nothing is deleted. Answers what came of it. Raises DifferenceMissing, DifferenceSettled, RegistryAway.
    """
    with reading() as session:
        difference = get_difference(session, difference_id)
    record = _record(difference.project_id) if difference.kind in REPAIRABLE else None
    now = clock.now()
    with atomic() as session:
        found = deciding.lock_open_difference(session, difference_id)
        if record is None:
            outcome = _suspend(session, found, principal, reason=reason, actor=actor, now=now)
        else:
            finding = Finding(kind=found.kind, project_id=found.project_id)
            mended = reconciling.mend(session, finding, record, feed_epoch=None, now=now)
            found.repaired, outcome = mended.ok, mended.outcome
        deciding.decide(
            session, found, Decision.ACCEPTED, outcome=outcome, reason=reason, actor=actor, now=now
        )
    return outcome


def _suspend(
    session: Session, found: Difference, principal: Principal, *, reason: str, actor: Actor, now: datetime
) -> str:
    site = find_site_of(session, found.project_id)
    if site is None or not profile.is_open(site):
        return NOT_OPEN
    profile.suspend(session, principal=principal, site_id=site.id, reason=reason, actor=actor, now=now)
    return SUSPENDED


def _source() -> RegistrySource:
    source = sources.current()
    if source is None:
        raise RegistryAway
    return source


def _record(project_id: str) -> Mapping[str, Any] | None:
    """The registry's record of a project now; None of one that it does not know, or knows no more."""
    try:
        found = _source().get_project(project_id)
    except SourceUnavailable as error:
        raise RegistryAway from error
    except SourceRefused as error:
        if error.status in {404, 410}:
            return None
        raise RegistryAway from error
    return None if found is None else found.record
