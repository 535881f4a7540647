"""Background work of the exchange; each noun has a module, imported here so that its sweeps are known."""

from miniprogram_api.registry import (  # noqa: F401  their sweeps register themselves
    jobs_announcements,
    jobs_content,
    jobs_corrections,
    jobs_dead_letters,
    jobs_objections,
    jobs_partners,
    jobs_pulling,
    jobs_reconciling,
    jobs_withdrawals,
)
from miniprogram_api.registry.service import handing_over  # noqa: F401  so that what it hands over is known
