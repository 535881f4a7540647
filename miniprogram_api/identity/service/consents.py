"""Consents: each decision of a member on each purpose is kept; the latest one counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.identity import consent_texts, events
from miniprogram_api.identity.consent_texts import ConsentText
from miniprogram_api.identity.errors import ConsentTextOutdated
from miniprogram_api.identity.models import Consent, ConsentPurpose
from miniprogram_api.identity.service import members, trail
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.ids import new_id

CHANNEL = "miniprogram"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a member says to a purpose, and which text they were shown; a withdrawal needs none."""

    purpose: ConsentPurpose
    granted: bool
    text_version: str | None = None


@dataclass(frozen=True, slots=True)
class PastDecision:
    """What a member said once, and to which text."""

    granted: bool
    text_version: str
    text_sha256: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class ConsentState:
    """Where a member stands on a purpose: the text in force, and every decision so far, the latest first."""

    current: ConsentText
    history: Sequence[PastDecision]

    @property
    def purpose(self) -> ConsentPurpose:
        return self.current.purpose

    @property
    def granted(self) -> bool:
        return bool(self.history) and self.history[0].granted

    @property
    def outdated(self) -> bool:
        """Whether the member agreed to an earlier text and should be asked again."""
        return self.granted and self.history[0].text_sha256 != self.current.sha256


def list_consents(session: Session, member_id: UUID) -> list[ConsentState]:
    """Where the member stands on every purpose."""
    decided = _history(session, member_id)
    return [
        ConsentState(text, [_as_past(row) for row in decided if row.purpose is text.purpose])
        for text in consent_texts.current_texts()
    ]


def has_consented(session: Session, *, member_id: UUID, purpose: ConsentPurpose) -> bool:
    """Whether the member's latest decision on a purpose is yes, to whichever text."""
    latest = (
        select(Consent.granted)
        .where(Consent.member_id == member_id, Consent.purpose == purpose)
        .order_by(Consent.decided_at.desc(), Consent.id.desc())
        .limit(1)
    )
    return session.scalar(latest) is True


def has_agreed(session: Session, *, member_id: UUID, purpose: str) -> bool:
    """`has_consented`, for a feature that knows a purpose by its name."""
    return has_consented(session, member_id=member_id, purpose=ConsentPurpose(purpose))


def agree(
    session: Session, *, member_id: UUID, purpose: str, text_version: str | None, actor: Actor, now: datetime
) -> ConsentText:
    """Keep a consent that comes with what a member does, and answer the text it is to, the one in force.

    Raises ConsentTextOutdated when the member names another text, NotFound for nobody.
    """
    text = consent_texts.current_text(ConsentPurpose(purpose))
    agreed = Decision(text.purpose, granted=True, text_version=text_version or text.version)
    decide(session, member_id=member_id, decisions=[agreed], actor=actor, now=now)
    return text


def decide(
    session: Session, *, member_id: UUID, decisions: Sequence[Decision], actor: Actor, now: datetime
) -> list[ConsentState]:
    """Keep a member's decisions and answer where they stand; saying the same again changes nothing.

    Raises ConsentTextOutdated when a grant names another text than the current one, NotFound for nobody.
    """
    if members.lock_member(session, member_id) is None:
        raise NotFound
    standing = {state.purpose: state for state in list_consents(session, member_id)}
    for decision in decisions:
        _keep(session, member_id, decision, standing[decision.purpose], actor=actor, now=now)
    return list_consents(session, member_id)


def _keep(
    session: Session, member_id: UUID, decision: Decision, state: ConsentState, *, actor: Actor, now: datetime
) -> None:
    text = _text_decided_on(decision)
    if decision.granted == state.granted and not (decision.granted and state.outdated):
        return
    consent = Consent(
        id=new_id(),
        member_id=member_id,
        purpose=decision.purpose,
        granted=decision.granted,
        text_version=text.version,
        text_sha256=text.sha256,
        channel=CHANNEL,
        decided_at=now,
    )
    session.add(consent)
    session.flush()
    event = events.ConsentDecided(
        str(member_id), purpose=decision.purpose.value, granted=decision.granted, text_version=text.version
    )
    after = {"purpose": event.purpose, "granted": event.granted, "text_version": event.text_version}
    trail.leave(session, event, actor=actor, after=after)


def _text_decided_on(decision: Decision) -> ConsentText:
    current = consent_texts.current_text(decision.purpose)
    if decision.granted and decision.text_version != current.version:
        raise ConsentTextOutdated(purpose=decision.purpose.value, current_version=current.version)
    shown = decision.text_version or current.version
    return consent_texts.find_text(decision.purpose, shown) or current


def _as_past(row: Consent) -> PastDecision:
    return PastDecision(row.granted, row.text_version, row.text_sha256, row.decided_at)


def _history(session: Session, member_id: UUID) -> Sequence[Consent]:
    latest_first = (
        select(Consent)
        .where(Consent.member_id == member_id)
        .order_by(Consent.decided_at.desc(), Consent.id.desc())
    )
    return session.scalars(latest_first).all()
