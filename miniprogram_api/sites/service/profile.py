"""Editing what a site says of itself, and moving its own opening state."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import FieldError, Forbidden, Invalid
from miniprogram_api.sites import consequences
from miniprogram_api.sites.errors import FieldNotOwned, NotAnOpenBase, OverlayStep
from miniprogram_api.sites.events import OverlayChanged
from miniprogram_api.sites.models import Overlay, Site
from miniprogram_api.sites.queries import SiteFacts
from miniprogram_api.sites.rules import overlay_permission, visibility
from miniprogram_api.sites.service.managed import lock_managed_site, note_change
from miniprogram_api.sites.service.search import index_site

SITE_OWNED = frozenset(
    {
        "booking_mode",
        "listed_rank",
        "summary",
        "summary_en",
        "address",
        "address_en",
        "transport",
        "transport_en",
        "visitor_notice",
        "visitor_notice_en",
        "facilities",
        "accessibility",
        "work_phone",
        "weekly_closing_weekday",
    }
)
_DECIDES_OPENING = {"booking_mode", "weekly_closing_weekday"}
_NEEDS_A_REASON = {Overlay.SUSPENDED, Overlay.CLOSED}


def check_owned(changes: Mapping[str, Any]) -> None:
    """Raises FieldNotOwned for fields that are the registry's."""
    foreign = sorted(changes.keys() - SITE_OWNED)
    if foreign:
        raise FieldNotOwned(fields=[FieldError(name, FieldNotOwned.code) for name in foreign])


def edit_site(
    session: Session, *, site: Site, changes: Mapping[str, Any], actor: Actor, now: datetime
) -> None:
    """Set fields the site owns. Raises FieldNotOwned for any other."""
    check_owned(changes)
    before = {name: getattr(site, name) for name in changes if getattr(site, name) != changes[name]}
    if not before:
        return
    after = {name: changes[name] for name in before}
    for name, value in after.items():
        setattr(site, name, value)
    note_change(
        session, site, part="profile", action="edit", actor=actor, now=now, before=before, after=after
    )
    if "address" in after:
        index_site(session, site)
    if _DECIDES_OPENING & after.keys():
        consequences.current().apply(session, site.id, now=now, actor=actor)


def move_overlay(
    session: Session,
    *,
    principal: Principal,
    site_id: UUID,
    to: Overlay,
    reason: str | None,
    until: date | None,
    actor: Actor,
    now: datetime,
) -> Site:
    """Move a site's opening state as far as the caller may.

    Raises SiteMissing, Forbidden, and what `set_overlay` raises.
    """
    site = lock_managed_site(session, principal, "sites.view", site_id)
    permission = overlay_permission(site.overlay, to)
    if permission is not None and not principal.may_at(
        permission, site_id=site.id, organisation_id=site.operator_id
    ):
        raise Forbidden
    set_overlay(session, site=site, to=to, reason=reason, until=until, actor=actor, now=now)
    return site


def is_open(site: SiteFacts) -> bool:
    """Whether a site is open by its own overlay."""
    return site.overlay is Overlay.OPEN


def suspend(
    session: Session, *, principal: Principal, site_id: UUID, reason: str, actor: Actor, now: datetime
) -> None:
    """Stop opening a site for now; what it holds stays. Raises as `move_overlay`."""
    move_overlay(
        session,
        principal=principal,
        site_id=site_id,
        to=Overlay.SUSPENDED,
        reason=reason,
        until=None,
        actor=actor,
        now=now,
    )


def set_overlay(
    session: Session,
    *,
    site: Site,
    to: Overlay,
    actor: Actor,
    now: datetime,
    reason: str | None = None,
    until: date | None = None,
) -> None:
    """Move a site's opening state one step.

    Raises OverlayStep for a step that there is not, NotAnOpenBase when the registry does not let it open, and
    Invalid when a suspension or closing gives no reason.
    """
    before = site.overlay
    if overlay_permission(before, to) is None:
        raise OverlayStep(before=before.value, after=to.value)
    if to is Overlay.OPEN and not visibility(site.lifecycle, site.education_base, to).bookable:
        raise NotAnOpenBase
    if to in _NEEDS_A_REASON and not reason:
        raise Invalid(fields=[FieldError("reason", "field.required")])
    site.overlay, site.overlay_reason = to, reason
    site.overlay_until = until if to is Overlay.SUSPENDED else None
    site.updated_at = now
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="sites.set_overlay",
        object_type="site",
        object_id=str(site.id),
        before={"overlay": before.value},
        after={"overlay": to.value, "until": None if until is None else until.isoformat()},
        reason=reason,
    )
    events.publish(session, OverlayChanged(site_id=str(site.id), before=before.value, after=to.value))
    if to is Overlay.OPEN:
        consequences.current().apply(session, site.id, now=now, actor=actor)
