"""The registry as a partner of the demonstration: its client here, and the events that go to its inbox."""

from datetime import datetime

from sqlalchemy import select

from config import Settings
from miniprogram_api.devtools.demo_data.sites import DEMO
from miniprogram_api.devtools.fake_registry import DEMO_INBOX_SECRET, DEMO_PARTNER_ID, DEMO_PARTNER_SECRET
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.registry.models.subscriptions import EventSubscription
from miniprogram_api.registry.service import partners, subscriptions

SCOPES = ("projects.read", "corrections.write", "events.write", "engagement.read", "reconciliation.write")


def load_partner(settings: Settings, now: datetime) -> None:
    """Make the client and its approved subscription, or lead the one there is to where the inbox is now."""
    url = _inbox(settings)
    with atomic() as session:
        try:
            partner_id = partners.id_of(session, DEMO_PARTNER_ID)
        except NotFound:
            added = partners.add_client(
                session,
                client_id=DEMO_PARTNER_ID,
                name="核心登记系统（示例）",
                environment=settings.environment.value,
                scopes=SCOPES,
                actor=DEMO,
                now=now,
                secret=DEMO_PARTNER_SECRET,
            )
            subscriptions.add_approved(
                session, partner_id=added.client.id, url=url, now=now, secret=DEMO_INBOX_SECRET
            )
            return
        mine = select(EventSubscription).where(
            EventSubscription.partner_id == partner_id, EventSubscription.approved_by == "system"
        )
        for subscription in session.scalars(mine):
            if subscription.url is not None:
                subscription.url = url


def _inbox(settings: Settings) -> str:
    base = settings.registry_api_base or f"http://127.0.0.1:{settings.fake_registry_port}/registry/v1"
    return f"{base.rstrip('/')}/inbox"
