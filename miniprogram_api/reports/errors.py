"""What can go wrong when figures are asked for.

Invalid
└── PeriodTooLong    more days than one look covers, or an end before its beginning
"""

from miniprogram_api.kernel.errors import Invalid


class PeriodTooLong(Invalid):
    """`most`: how many days a period may have."""

    code = "reports.period_too_long"
