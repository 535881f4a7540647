"""Background work of engagement: following what changed, closing days, counting again."""

from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.engagement import service
from miniprogram_api.kernel import audit, clock
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, retrying
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.kernel.tasks import periodic
from miniprogram_api.sites.events import RecordTakenBack


@periodic("engagement.keep_figures")
def keep_figures() -> None:
    """Bring every closed day up to date, in batches, each a transaction; run twice, it finds nothing left."""
    audit.seal_audit()
    while _follow():
        pass
    while _close():
        _recount_all()
    _recount_all()


def _recount_all() -> None:
    while _recount() == service.BATCH:
        pass


@retrying
def _follow() -> bool:
    with atomic() as session:
        return service.follow_visits(session, now=clock.now())


@retrying
def _close() -> bool:
    with atomic() as session:
        return service.close_day(session, now=clock.now())


@retrying
def _recount() -> int:
    with atomic() as session:
        return service.recount(session, actor=SYSTEM, now=clock.now())


@subscribe(RecordTakenBack, name="engagement.follow_registry")
def follow_registry(session: Session, event: RecordTakenBack) -> None:
    """Figures of a project are given away while the registry stands by its record."""
    service.follow_record(session, UUID(event.site_id), actor=SYSTEM, now=clock.now())
