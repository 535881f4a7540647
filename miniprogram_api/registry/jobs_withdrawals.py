"""Background work of withdrawals: the next step when one is done, and whatever a crash left behind."""

from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.db import atomic, reading, retrying
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.kernel.tasks import periodic
from miniprogram_api.registry.events_withdrawals import WithdrawalAdvanced
from miniprogram_api.registry.service import withdrawals

_CASES_AT_ONCE = 100


@subscribe(WithdrawalAdvanced, name="registry.go_on_withdrawing")
def go_on_withdrawing(session: Session, event: WithdrawalAdvanced) -> None:
    """The next batch; a case that is completed takes no further step."""
    withdrawals.advance(session, case_id=UUID(event.case_id), actor=SYSTEM, now=clock.now())


@periodic("registry.resume_withdrawals", every_minutes=5)
def resume_withdrawals() -> None:
    """Finish whatever withdrawal is not completed, each step in a transaction of its own."""
    with reading() as session:
        cases = withdrawals.list_running(session, limit=_CASES_AT_ONCE)
    for case_id in cases:
        while _advance(case_id):
            pass


@retrying
def _advance(case_id: UUID) -> bool:
    with atomic() as session:
        return withdrawals.advance(session, case_id=case_id, actor=SYSTEM, now=clock.now())
