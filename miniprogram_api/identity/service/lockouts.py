"""Counts failed sign-ins per username and locks it for a while, whether or not an account has it."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from miniprogram_api.identity import lockout
from miniprogram_api.identity.lockout import Tally
from miniprogram_api.identity.models import SignInFailures
from miniprogram_api.kernel import crypto
from miniprogram_api.kernel.db import is_sqlite

_KEPT = timedelta(days=1)


def index_of(username: str) -> bytes:
    """What a tally is kept under: people type secrets into the wrong field, so not the text itself."""
    return crypto.blind_index(username, purpose="identity.sign_in_username")


def seconds_locked(session: Session, username_index: bytes, now: datetime) -> int:
    """How long the username stays locked, 0 when it is not; its tally is held until the transaction ends.

    Also that of a first guess, which is made for it: else parallel first guesses would all be let through.
    """
    return _tally(_hold(session, username_index, now)).seconds_locked(now)


def count_failure(session: Session, username_index: bytes, now: datetime) -> Tally:
    """Count one failure; parallel guesses are counted one after the other."""
    row = _hold(session, username_index, now)
    before = _tally(row) if row.failures else None
    after = lockout.after_failure(before, now)
    row.failures, row.last_failed_at, row.locked_until = (
        after.failures,
        after.last_failed_at,
        after.locked_until,
    )
    session.flush()
    return after


def forgive(session: Session, username_index: bytes) -> None:
    """Forget the failures of a username."""
    session.execute(delete(SignInFailures).where(SignInFailures.username_index == username_index))


def _hold(session: Session, username_index: bytes, now: datetime) -> SignInFailures:
    """The tally, locked; made when there is none. A rival's sign-in may take it away in between."""
    row = _find(session, username_index)
    while row is None:
        _forget_old(session, now)
        _insert(session, username_index, now)
        row = _find(session, username_index)
    return row


def _find(session: Session, username_index: bytes) -> SignInFailures | None:
    wanted = select(SignInFailures).where(SignInFailures.username_index == username_index)
    return session.scalar(wanted.with_for_update().execution_options(populate_existing=True))


def _tally(row: SignInFailures) -> Tally:
    return Tally(row.failures, row.last_failed_at, row.locked_until)


def _insert(session: Session, username_index: bytes, now: datetime) -> None:
    """An empty tally, unless a rival made it first."""
    dialect = sqlite if is_sqlite(session) else postgresql
    row = {"username_index": username_index, "failures": 0, "last_failed_at": now, "locked_until": None}
    session.execute(dialect.insert(SignInFailures).values(row).on_conflict_do_nothing())


def _forget_old(session: Session, now: datetime) -> None:
    old = delete(SignInFailures).where(SignInFailures.last_failed_at < now - _KEPT)
    session.execute(old.execution_options(synchronize_session=False))
