"""What can go wrong around reports of comparisons.

NotFound
├── ReportMissing       no such report, or none of that day
└── DifferenceMissing   no such difference
Conflict
└── DifferenceSettled   it was mended, or a person has decided about it
Unavailable
└── RegistryAway        the registry does not answer, or there is none
Invalid
└── ObjectionUnsaid     an objection has to say to what
"""

from miniprogram_api.kernel.errors import Conflict, Invalid, NotFound, Unavailable


class ReportMissing(NotFound):
    """Keeps the code of its parent."""


class DifferenceMissing(NotFound):
    """Keeps the code of its parent."""


class DifferenceSettled(Conflict):
    code = "registry.difference_settled"


class RegistryAway(Unavailable):
    code = "registry.away"


class ObjectionUnsaid(Invalid):
    code = "registry.objection_unsaid"
