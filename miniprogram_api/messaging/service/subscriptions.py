"""What members allow us to send to them by WeChat: each consent is one message of one template.

The count is a hint. WeChat does not tell its own, and a refusal there sets ours to nothing. What counts is
what the member's mini-program reports; WeChat's push about the same answer is noted and not counted, or each
answer would count twice.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import is_sqlite
from miniprogram_api.messaging.events import SubscriptionGranted
from miniprogram_api.messaging.models import SubscriptionCredit
from miniprogram_api.messaging.rules import Template

# "Always keep my choice" counts a message at each tap; nobody is owed more than this.
MOST_CREDITS = 50


def note_choice(
    session: Session, *, member_id: UUID, template: Template, accepted: bool, actor: Actor, now: datetime
) -> int:
    """Count one more message that a member accepted; a refusal takes none away. Returns how many are left."""
    if not accepted:
        return list_credits(session, member_id=member_id).get(template, 0)
    make = sqlite.insert if is_sqlite(session) else postgresql.insert
    first = make(SubscriptionCredit).values(
        member_id=member_id, template=template.value, credits=1, updated_at=now
    )
    full = SubscriptionCredit.credits >= MOST_CREDITS
    one_more = first.on_conflict_do_update(
        index_elements=["member_id", "template"],
        set_={
            "credits": case((full, SubscriptionCredit.credits), else_=SubscriptionCredit.credits + 1),
            "updated_at": now,
        },
    )
    left = session.scalars(one_more.returning(SubscriptionCredit.credits)).one()
    audit.record(
        session,
        actor=actor,
        action=SubscriptionGranted.name,
        object_type="member",
        object_id=str(member_id),
        after={"template": template.value, "credits": left},
    )
    events.publish(session, SubscriptionGranted(member_id=str(member_id), template=template.value))
    return left


def refuse_further(session: Session, *, member_id: UUID, template: Template, now: datetime) -> None:
    """The member switched a template off in WeChat's settings: none of its messages is left."""
    theirs = update(SubscriptionCredit).where(
        SubscriptionCredit.member_id == member_id, SubscriptionCredit.template == template.value
    )
    session.execute(theirs.values(credits=0, updated_at=now))


def list_credits(session: Session, *, member_id: UUID) -> dict[Template, int]:
    """How many messages of each template a member has left."""
    mine = select(SubscriptionCredit.template, SubscriptionCredit.credits).where(
        SubscriptionCredit.member_id == member_id
    )
    return {Template(name): left for name, left in session.execute(mine) if name in list(Template)}
