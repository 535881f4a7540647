"""What can go wrong around corrections.

Conflict
├── NoProjectHeld           the registry has said nothing about the site that could be corrected
└── CorrectionUnderWay      the same field is being corrected already
Invalid
└── FieldNotTheirs          not a field that the registry owns
"""

from miniprogram_api.kernel.errors import Conflict, Invalid


class NoProjectHeld(Conflict):
    code = "registry.no_project_held"


class CorrectionUnderWay(Conflict):
    """`correction_id` is the one that is open."""

    code = "registry.correction_under_way"


class FieldNotTheirs(Invalid):
    code = "registry.field_not_theirs"
