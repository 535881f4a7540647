"""What can go wrong around public notices and objections.

NotFound
├── NoticeMissing       no such notice, or none that is shown
└── ObjectionMissing    no such objection or picture, or somebody else's
Conflict
├── NoticeNotOpen       the period has not begun
├── NoticeClosed        the period is over
└── NotUnderReview      nobody has to decide about this objection (any more)
Invalid
└── FilesUnknown        a picture is not there, is used already, or is named twice
TooMany
├── ObjectionsLimited   as many a day to one notice as one may file
└── UploadsLimited      as many unused pictures as one may leave lying
"""

from miniprogram_api.kernel.errors import Conflict, Invalid, NotFound, TooMany


class NoticeMissing(NotFound):
    """Keeps the code of its parent: nobody learns what is not shown."""


class ObjectionMissing(NotFound):
    """Keeps the code of its parent: somebody else's looks like none."""


class NoticeNotOpen(Conflict):
    code = "registry.notice_not_open"


class NoticeClosed(Conflict):
    code = "registry.notice_closed"


class NotUnderReview(Conflict):
    code = "registry.objection_not_under_review"


class FilesUnknown(Invalid):
    code = "registry.objection_files_unknown"


class ObjectionsLimited(TooMany):
    code = "registry.objections_limited"


class UploadsLimited(TooMany):
    code = "registry.uploads_limited"
