"""What can go wrong at the desk of dead letters.

NotFound
└── DeadLetterMissing       no such dead letter
Conflict
├── DeadLetterSettled       it has been settled already
├── PayloadNotKept          it was too large to keep: nothing can be replayed
├── DiscardNotAsked         nobody has asked for it to be discarded
└── SecondPersonNeeded      whoever asked is not the one who agrees
"""

from miniprogram_api.kernel.errors import Conflict, NotFound


class DeadLetterMissing(NotFound):
    """Keeps the code of its parent."""


class DeadLetterSettled(Conflict):
    """`state` is what it was settled as."""

    code = "registry.dead_letter_settled"


class PayloadNotKept(Conflict):
    code = "registry.payload_not_kept"


class DiscardNotAsked(Conflict):
    code = "registry.discard_not_asked"


class SecondPersonNeeded(Conflict):
    code = "registry.second_person_needed"
