"""Sends what was announced, and announces what happens to sites and their days."""

import threading
from uuid import UUID

from flask import current_app
from prometheus_client import Counter
from sqlalchemy.orm import Session

from config.settings import Settings
from miniprogram_api.engagement.events import DayChanged
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, retrying
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.kernel.outbound import Outbound
from miniprogram_api.kernel.tasks import periodic
from miniprogram_api.registry.models.announcements import EventType
from miniprogram_api.registry.queries.projects import project_of_site
from miniprogram_api.registry.rules.sendings import Verdict
from miniprogram_api.registry.service import endpoints, sending
from miniprogram_api.registry.service.announcements import announce
from miniprogram_api.registry.service.sending import Parcel, Result
from miniprogram_api.sites.events import OverlayChanged

ATTEMPTS = Counter("registry_sendings_total", "Attempts to send an event to a partner", ["result"])
_PER_ROUND = 500
_OVERLAYS = {
    "open": EventType.SITE_OPENED,
    "suspended": EventType.SITE_SUSPENDED,
    "closed": EventType.SITE_CLOSED,
}
# A slow endpoint may hold one thread of a process, not all of them.
_sending = threading.Lock()


@periodic("registry.send_announcements", when_rung=True)
def send_announcements() -> None:
    """Send what is due; an endpoint that fails is left alone until the next round."""
    if not _sending.acquire(blocking=False):
        return
    try:
        settings: Settings = current_app.extensions["settings"]
        _send_due(endpoints.make_client(settings.registry), environment=settings.environment.value)
    finally:
        _sending.release()


def _send_due(client: Outbound, *, environment: str) -> None:
    failed: frozenset[UUID] = frozenset()
    for _ in range(_PER_ROUND):
        parcel = _claim(failed, environment)
        if parcel is None:
            break
        found = _settle(parcel, sending.send(client, parcel, now=clock.now()))
        ATTEMPTS.labels(str(found or "late")).inc()
        if found is not Verdict.DELIVERED:
            failed |= {parcel.subscription_id}
    client.close()


@retrying
def _claim(failed: frozenset[UUID], environment: str) -> Parcel | None:
    with atomic() as session:
        return sending.claim_next(session, environment=environment, now=clock.now(), skip=failed)


@retrying
def _settle(parcel: Parcel, result: Result) -> Verdict | None:
    with atomic() as session:
        return sending.settle(session, parcel, result, now=clock.now())


@periodic("registry.purge_sendings", every_minutes=60)
def purge_sendings() -> None:
    """Keep the log of sendings to its length."""
    while _purge_some():
        pass


@retrying
def _purge_some() -> int:
    with atomic() as session:
        return sending.purge(session, now=clock.now())


@subscribe(OverlayChanged, name="registry.announce_overlay")
def announce_overlay(session: Session, event: OverlayChanged) -> None:
    """A site opened, paused or closed its doors."""
    kind = _OVERLAYS.get(event.after)
    project_id = project_of_site(session, UUID(event.site_id))
    if kind is not None and project_id is not None:
        data = {"site_id": event.site_id, "before": event.before, "after": event.after}
        announce(session, type=kind, subject=project_id, data=data, now=clock.now())


@subscribe(DayChanged, name="registry.announce_day")
def announce_day(session: Session, event: DayChanged) -> None:
    """A day's figures have another revision; of several that were not sent yet the last is enough."""
    announce(
        session,
        type=EventType.DAILY_UPDATED,
        subject=event.project_id,
        data={"project_id": event.project_id, "on": event.on, "revision": event.revision},
        merge_key=f"day:{event.project_id}:{event.on}",
        now=clock.now(),
    )
