"""What can go wrong around reports of comparisons.

NotFound
└── ReportMissing       no such report, or none of that day
Invalid
└── ObjectionUnsaid     an objection has to say to what
"""

from miniprogram_api.kernel.errors import Invalid, NotFound


class ReportMissing(NotFound):
    """Keeps the code of its parent."""


class ObjectionUnsaid(Invalid):
    code = "registry.objection_unsaid"
