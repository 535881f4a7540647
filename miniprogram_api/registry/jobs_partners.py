"""Housekeeping of partners' access: what cannot count any more is not kept."""

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic
from miniprogram_api.kernel.tasks import periodic
from miniprogram_api.registry.service import partner_access


@periodic("registry.purge_partner_access", every_minutes=60)
def purge_partner_access() -> None:
    """Delete tokens that are over, and the memory of what was used once and is too old to come again."""
    with atomic() as session:
        partner_access.purge(session, clock.now())
