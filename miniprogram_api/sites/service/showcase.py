"""What a site shows of itself beside its profile: technologies, yearly indicators, notices."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import FieldError, Invalid
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.models import Indicator, Notice, Site, Technology
from miniprogram_api.sites.rules import indicator_kinds
from miniprogram_api.sites.service.managed import check_room, next_position, note_change
from miniprogram_api.sites.service.search import index_site

MOST_TECHNOLOGIES = 50
MOST_INDICATORS = 100
MOST_NOTICES = 20


def add_technology(
    session: Session, *, site: Site, name: str, description: str, actor: Actor, now: datetime
) -> Technology:
    """Add a technology at the end of the list. Raises ListFull."""
    check_room(session, Technology, site_id=site.id, most=MOST_TECHNOLOGIES)
    technology = Technology(
        id=new_id(),
        site_id=site.id,
        name=name,
        description=description,
        position=next_position(session, Technology, site_id=site.id),
    )
    session.add(technology)
    after = {"technology_id": str(technology.id), "name": name}
    note_change(
        session, site, part="technologies", action="add_technology", actor=actor, now=now, after=after
    )
    index_site(session, site)
    return technology


def edit_technology(
    session: Session,
    *,
    site: Site,
    technology: Technology,
    changes: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> None:
    """Set a technology's name, description or place."""
    before = {name: getattr(technology, name) for name in changes}
    for name, value in changes.items():
        setattr(technology, name, value)
    note_change(
        session,
        site,
        part="technologies",
        action="edit_technology",
        actor=actor,
        now=now,
        before={"technology_id": str(technology.id), **before},
        after=dict(changes),
    )
    index_site(session, site)


def set_indicator(
    session: Session,
    *,
    site: Site,
    kind: str,
    year: int,
    value: Decimal,
    source: str,
    actor: Actor,
    now: datetime,
) -> Indicator:
    """State an indicator's value of a year, in place of what was stated before.

    Raises Invalid for an indicator that the plan does not name for the site's type, and ListFull.
    """
    named = next((known for known in indicator_kinds(site.type) if known.code == kind), None)
    if named is None:
        raise Invalid(fields=[FieldError("kind", "sites.indicator_kind")])
    text = _plain_decimal(value)
    same = (Indicator.site_id == site.id, Indicator.kind == kind, Indicator.year == year)
    indicator = session.scalar(select(Indicator).where(*same))
    before = None
    if indicator is None or indicator.retired_at is not None:
        check_room(session, Indicator, site_id=site.id, most=MOST_INDICATORS)
    else:
        before = {"value": indicator.value, "unit": indicator.unit, "source": indicator.source}
    if indicator is None:
        indicator = Indicator(
            id=new_id(), site_id=site.id, kind=kind, year=year, value=text, unit=named.unit, source=source
        )
        session.add(indicator)
    else:
        indicator.value, indicator.unit, indicator.source = text, named.unit, source
        indicator.retired_at = None
    after = {"kind": kind, "year": year, "value": text, "unit": named.unit, "source": source}
    note_change(
        session,
        site,
        part="indicators",
        action="set_indicator",
        actor=actor,
        now=now,
        before=before,
        after=after,
    )
    return indicator


def add_notice(
    session: Session,
    *,
    site: Site,
    title: str,
    body: str,
    last_on: date | None,
    actor: Actor,
    now: datetime,
) -> Notice:
    """Show a notice on the site's page, until the end of its last day if it has one. Raises ListFull."""
    check_room(session, Notice, site_id=site.id, most=MOST_NOTICES)
    notice = Notice(
        id=new_id(),
        site_id=site.id,
        title=title,
        body=body,
        last_on=last_on,
        created_at=now,
        retired_at=None,
    )
    session.add(notice)
    after = {"notice_id": str(notice.id), "title": title}
    note_change(session, site, part="notices", action="add_notice", actor=actor, now=now, after=after)
    return notice


def _plain_decimal(value: Decimal) -> str:
    """At most four decimals, none of them an idle zero, never an exponent."""
    text = format(value.quantize(Decimal("0.0001")), "f").rstrip("0").rstrip(".")
    return text or "0"
