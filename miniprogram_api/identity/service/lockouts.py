"""Counts failed sign-ins per username, whether or not an account has it, and per network."""

from collections.abc import Callable
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


def network_index(network: str) -> bytes:
    """What the tally of a network is kept under, beside those of usernames."""
    return crypto.blind_index(network, purpose="identity.sign_in_network")


def seconds_locked(session: Session, index: bytes, now: datetime) -> int:
    """How long the username or network stays refused, 0 when it is not; the tally is held until the end.

    Also that of a first guess, which is made for it: else parallel first guesses would all be let through.
    """
    return _tally(_hold(session, index, now)).seconds_locked(now)


def count_failure(session: Session, username_index: bytes, now: datetime) -> Tally:
    """Count one failure of a username; parallel guesses are counted one after the other."""
    return _count(session, username_index, lockout.after_failure, now)


def count_network_failure(session: Session, network: str, now: datetime) -> Tally:
    """Count one failure of a network, whoever's it is."""
    return _count(session, network_index(network), lockout.after_network_failure, now)


def _count(
    session: Session, index: bytes, after_one: Callable[[Tally | None, datetime], Tally], now: datetime
) -> Tally:
    row = _hold(session, index, now)
    after = after_one(_tally(row) if row.failures else None, now)
    row.failures, row.last_failed_at, row.locked_until = (
        after.failures,
        after.last_failed_at,
        after.locked_until,
    )
    session.flush()
    return after


def forgive(session: Session, username_index: bytes) -> None:
    """Forget the failures of a username; those of its network stay."""
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
