"""What WeChat's push tells of subscription messages: switched off, or not arrived after all."""

from uuid import UUID

from flask import current_app
from sqlalchemy.orm import Session

from config.wechat import MessageTemplate
from miniprogram_api.identity.service import members
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.errors import Unavailable
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.messaging.rules import Template
from miniprogram_api.messaging.service import sending, subscriptions
from miniprogram_api.wechat.events import SubscriptionFailed, SubscriptionRefused

NOT_SUBSCRIBED = 43101


@subscribe(SubscriptionRefused, name="messaging.refuse_further")
def refuse_further(session: Session, event: SubscriptionRefused) -> None:
    """Nothing more of a template is sent to whoever switched it off."""
    _forget_credits(session, _find_member(session, event.person), event.template_id)


@subscribe(SubscriptionFailed, name="messaging.note_failure")
def note_failure(session: Session, event: SubscriptionFailed) -> None:
    """A message that WeChat had taken did not arrive; it is not sent again."""
    member_id = _find_member(session, event.person)
    if member_id is None:
        return
    noted = sending.fail_sent(
        session, member_id=member_id, msgid=event.msgid, outcome=f"later_{event.errcode}"
    )
    if not noted and sending.is_sending(session, member_id=member_id):
        # WeChat was quicker than we are with writing the message's id down.
        raise Unavailable(retry_after_s=1)
    if event.errcode == NOT_SUBSCRIBED:
        _forget_credits(session, member_id, event.template_id)


def _find_member(session: Session, person: str) -> UUID | None:
    return members.find_by_index(session, bytes.fromhex(person))


def _forget_credits(session: Session, member_id: UUID | None, template_id: str) -> None:
    templates: dict[str, MessageTemplate] = current_app.extensions["settings"].message_templates
    ours = next((name for name, template in templates.items() if template.id == template_id), None)
    if member_id is not None and ours is not None:
        subscriptions.refuse_further(session, member_id=member_id, template=Template(ours), now=clock.now())
