"""How the exchange stands, in one look."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, func, select
from sqlalchemy.orm import Session

from miniprogram_api.kernel.db import Model
from miniprogram_api.registry.models.announcements import Sending, SendingState
from miniprogram_api.registry.models.corrections import OPEN_CORRECTIONS, Correction
from miniprogram_api.registry.models.dead_letters import UNSETTLED, DeadLetter
from miniprogram_api.registry.models.feed import THE_FEED, Feed
from miniprogram_api.registry.models.projects import HeldProject
from miniprogram_api.registry.models.reconciliation import ReconciliationReport
from miniprogram_api.registry.models.withdrawals import WithdrawalCase, WithdrawalState
from miniprogram_api.registry.queries.freshness import CopyState, read_freshness


@dataclass(frozen=True, slots=True)
class ExchangeStatus:
    """Where the feed stands, how old our copy is, and what waits."""

    copy: CopyState
    feed: Feed | None
    projects: int
    frozen_projects: int
    dead_letters: int
    withdrawals_running: int
    corrections_open: int
    sendings_waiting: int
    sendings_failed: int
    last_report_at: datetime | None

    @property
    def lag_s(self) -> int:
        return int(self.copy.age.total_seconds())


def read_status(session: Session, *, now: datetime) -> ExchangeStatus:
    """The state of the exchange, in three statements."""
    waiting = (SendingState.PENDING, SendingState.RUNNING)
    counts = select(
        _count(HeldProject),
        _count(HeldProject, HeldProject.frozen_at.is_not(None)),
        _count(DeadLetter, DeadLetter.state.in_(UNSETTLED)),
        _count(WithdrawalCase, WithdrawalCase.state == WithdrawalState.RUNNING),
        _count(Correction, Correction.state.in_(OPEN_CORRECTIONS)),
        _count(Sending, Sending.state.in_(waiting)),
        _count(Sending, Sending.state == SendingState.FAILED),
        select(func.max(ReconciliationReport.finished_at)).scalar_subquery(),
    )
    return ExchangeStatus(
        read_freshness(session, now=now), session.get(Feed, THE_FEED), *session.execute(counts).one()
    )


def _count(model: type[Model], *conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).select_from(model).where(*conditions).scalar_subquery()
