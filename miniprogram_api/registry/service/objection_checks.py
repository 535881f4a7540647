"""The content check of an objection: claimed by a turn, asked outside transactions, settled in one.

First the text, at once; then each picture, whose verdict WeChat sends later. Whatever cannot be judged is
held for a person, and what meets a check that is down is tried again: nothing is lost, nothing passes unseen.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, or_, select, update
from sqlalchemy.orm import Session

from miniprogram_api.identity.service import members
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.registry.models import Finding, HeldBecause, Objection, ObjectionFile, ObjectionState
from miniprogram_api.registry.queries.objections import read_sealed
from miniprogram_api.registry.rules.objection_words import CONTENT_REFUSED
from miniprogram_api.registry.rules.objections import CHECKED_STATES, LEASE, PICTURE_WINDOW, wait_after
from miniprogram_api.registry.service.objection_review import end_as_refused
from miniprogram_api.registry.service.objections import lock_objection, move

_CHECKABLE = or_(
    Objection.state == ObjectionState.CHECKING,
    and_(Objection.state == ObjectionState.HELD, Objection.held_because == HeldBecause.SERVICE_DOWN),
)


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """One taking up of an objection; a later one tells itself apart by its attempt."""

    objection_id: UUID
    attempt: int


@dataclass(frozen=True, slots=True)
class Material:
    """What there is to check; `text` is None once it has passed, `pictures` are those not submitted yet."""

    openid: str
    title: str | None
    text: str | None
    pictures: Sequence[UUID]
    waits_for_pictures: bool


def claim(session: Session, *, states: Collection[ObjectionState], now: datetime, limit: int) -> list[Turn]:
    """Take up what is due in these states (of the held ones, what a check that was down left so)."""
    checks = ObjectionState.CHECKING in states
    wanted = _CHECKABLE if checks else Objection.state.in_(states)
    anew = {"last_error": None} if checks else {}
    due = (
        select(Objection.id)
        .where(wanted, Objection.next_attempt_at <= now)
        .order_by(Objection.next_attempt_at, Objection.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claimed = (
        update(Objection)
        .where(Objection.id.in_(due))
        .values(attempts=Objection.attempts + 1, next_attempt_at=now + LEASE, **anew)
        .returning(Objection.id, Objection.attempts)
        .execution_options(synchronize_session=False)
    )
    return sorted(Turn(*row) for row in session.execute(claimed))


def find_taken(
    session: Session, turn: Turn, *, states: Collection[ObjectionState], lock: bool
) -> Objection | None:
    """The objection of a turn, unless it has been decided about or taken up by somebody else meanwhile."""
    objection = (
        lock_objection(session, turn.objection_id) if lock else session.get(Objection, turn.objection_id)
    )
    mine = objection is not None and objection.attempts == turn.attempt and objection.state in states
    return objection if mine else None


def read_material(session: Session, turn: Turn) -> Material | None:
    """What to check in this turn; None when there is nothing to do any more."""
    objection = find_taken(session, turn, states=CHECKED_STATES, lock=False)
    if objection is None:
        return None
    try:
        openid = members.get_openid(session, objection.member_id)
    except NotFound:
        return None
    pictures = select(ObjectionFile).where(ObjectionFile.objection_id == objection.id)
    files = session.scalars(pictures.order_by(ObjectionFile.position)).all()
    return Material(
        openid=openid,
        title=read_sealed(objection, "title"),
        text=None if objection.text_cleared else read_sealed(objection, "text"),
        pictures=[file.id for file in files if file.check_id is None],
        waits_for_pictures=any(file.check_id is not None and file.finding is None for file in files),
    )


def settle_text(session: Session, turn: Turn, finding: Finding, *, now: datetime) -> None:
    """Draw the consequence of what the check said of the text."""
    objection = find_taken(session, turn, states=CHECKED_STATES, lock=True)
    if objection is None:
        return
    objection.text_cleared = finding is Finding.CLEAN
    # Pictures that are still to be submitted have their turn at once.
    objection.next_attempt_at = now
    _draw_consequence(session, objection, now=now, text=finding)


def settle_submission(session: Session, turn: Turn, file_id: UUID, check_id: str, *, now: datetime) -> None:
    """Note under which id a picture was submitted, to wait for its verdict."""
    objection = find_taken(session, turn, states=CHECKED_STATES, lock=True)
    if objection is None:
        return
    session.get_one(ObjectionFile, file_id).check_id = check_id
    objection.next_attempt_at = now + PICTURE_WINDOW
    session.flush()


def settle_unchecked(session: Session, turn: Turn, *, now: datetime) -> None:
    """Leave to a person what the check cannot judge, or did not within its time."""
    objection = find_taken(session, turn, states=CHECKED_STATES, lock=True)
    if objection is not None:
        _hold(session, objection, HeldBecause.UNCHECKED, now=now)


def settle_down(session: Session, turn: Turn, *, error: str, now: datetime) -> None:
    """Hold what met a check that is down, to be tried again."""
    objection = find_taken(session, turn, states=CHECKED_STATES, lock=True)
    if objection is None:
        return
    if objection.state is not ObjectionState.HELD:
        attempts = objection.attempts
        _hold(session, objection, HeldBecause.SERVICE_DOWN, now=now)
        objection.attempts = attempts
    objection.next_attempt_at = now + wait_after(objection.attempts)
    objection.last_error = error
    session.flush()


def note_finding(session: Session, check_id: str, finding: Finding, *, now: datetime) -> bool:
    """Keep a picture's verdict and draw the consequence; False when it has overtaken the note of its id."""
    file = session.scalar(select(ObjectionFile).where(ObjectionFile.check_id == check_id))
    if file is None or file.objection_id is None:
        return not _is_submitting(session)
    objection = lock_objection(session, file.objection_id)
    file.finding = file.finding or finding
    session.flush()
    if objection is not None and objection.state in CHECKED_STATES and objection.text_cleared:
        _draw_consequence(session, objection, now=now, text=Finding.CLEAN)
    return True


def _is_submitting(session: Session) -> bool:
    """Whether a picture may be under way whose id has not been noted; none while the check is down."""
    under_way = (
        select(ObjectionFile.id)
        .join(Objection, Objection.id == ObjectionFile.objection_id)
        .where(
            _CHECKABLE,
            Objection.text_cleared,
            Objection.last_error.is_(None),
            ObjectionFile.check_id.is_(None),
        )
    )
    return session.scalar(under_way.limit(1)) is not None


def _draw_consequence(session: Session, objection: Objection, *, now: datetime, text: Finding) -> None:
    """By the worst that was found of the text and the pictures; nothing while a picture's verdict is out."""
    pictures = select(ObjectionFile.finding).where(ObjectionFile.objection_id == objection.id)
    found = {text, *session.scalars(pictures)}
    if Finding.RISKY in found:
        end_as_refused(session, objection, reason=CONTENT_REFUSED, actor=SYSTEM, now=now)
    elif Finding.DOUBTFUL in found:
        _hold(session, objection, HeldBecause.REVIEW, now=now)
    elif None not in found:
        move(session, objection, ObjectionState.QUEUED, actor=SYSTEM, now=now, due_at=now)
    session.flush()


def _hold(session: Session, objection: Objection, because: HeldBecause, *, now: datetime) -> None:
    if objection.state is ObjectionState.HELD and objection.held_because is because:
        return
    objection.held_because = because
    move(session, objection, ObjectionState.HELD, actor=SYSTEM, now=now)
