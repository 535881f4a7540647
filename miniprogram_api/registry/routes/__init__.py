"""The exchange over HTTP, a module per noun."""

from miniprogram_api.registry.routes import (
    engagement,
    events,
    notices,
    partner_reconciliation,
    partner_subscriptions,
    partner_tokens,
    staff_corrections,
    staff_dead_letters,
    staff_objections,
    staff_partners,
    staff_reports,
    staff_status,
    staff_subscriptions,
    staff_withdrawals,
)
from miniprogram_api.web.api import Routes

APP_BLUEPRINTS: tuple[Routes, ...] = (notices.blp,)
STAFF_BLUEPRINTS: tuple[Routes, ...] = (
    staff_objections.blp,
    staff_subscriptions.blp,
    staff_corrections.blp,
    staff_reports.blp,
    staff_dead_letters.blp,
    staff_status.blp,
    staff_partners.blp,
    staff_withdrawals.blp,
)
PARTNER_BLUEPRINTS: tuple[Routes, ...] = (
    engagement.blp,
    events.blp,
    partner_tokens.blp,
    partner_subscriptions.blp,
    partner_reconciliation.blp,
)
