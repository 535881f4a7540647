"""Takes corrections to the registry and asks what became of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import after_commit, atomic, reading, retrying
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.kernel.tasks import periodic, run_soon
from miniprogram_api.registry import sources
from miniprogram_api.registry.events_corrections import CorrectionChanged
from miniprogram_api.registry.models.corrections import CorrectionState
from miniprogram_api.registry.service import corrections
from miniprogram_api.registry.sources.port import Filed, RegistrySource, SourceRefused, SourceUnavailable

_PER_ROUND = 100


@dataclass(frozen=True, slots=True)
class _Errand:
    correction_id: UUID
    registry_id: str | None
    content: Mapping[str, Any]


@periodic("registry.carry_corrections")
def carry_corrections() -> None:
    """Deliver what is due and ask after the rest; two workers may deliver one, which its key makes one."""
    source = sources.current()
    if source is None:
        return
    for errand in _list_errands():
        if not _run(source, errand):
            return  # the registry is away: for all of them


@subscribe(CorrectionChanged, name="registry.carry_filed_correction")
def carry_filed(session: Session, event: CorrectionChanged) -> None:
    """Take it to the registry now, not in a minute."""
    if event.state == CorrectionState.PENDING:
        after_commit(session, lambda: run_soon("registry.carry_corrections"))


def _list_errands() -> list[_Errand]:
    with reading() as session:
        due = corrections.list_due(session, now=clock.now(), limit=_PER_ROUND)
        return [_Errand(row.id, row.registry_id, corrections.as_sent(row)) for row in due]


def _run(source: RegistrySource, errand: _Errand) -> bool:
    try:
        filed = (
            source.file_correction(errand.content, key=str(errand.correction_id))
            if errand.registry_id is None
            else source.get_correction(errand.registry_id)
        )
    except SourceRefused as refused:
        _settle_refused(errand, refused)
        return True
    except SourceUnavailable as away:
        _settle_failed(errand, away)
        return False
    _settle_filed(errand, filed)
    return True


@retrying
def _settle_filed(errand: _Errand, filed: Filed) -> None:
    with atomic() as session:
        corrections.settle_filed(session, errand.correction_id, filed, now=clock.now())


@retrying
def _settle_refused(errand: _Errand, refused: SourceRefused) -> None:
    with atomic() as session:
        corrections.settle_refused(
            session, errand.correction_id, status=refused.status, code=refused.code, now=clock.now()
        )


@retrying
def _settle_failed(errand: _Errand, away: SourceUnavailable) -> None:
    with atomic() as session:
        corrections.settle_failed(
            session,
            errand.correction_id,
            reason=away.reason,
            retry_after_s=away.retry_after_s,
            now=clock.now(),
        )
