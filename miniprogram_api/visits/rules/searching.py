"""What the words may mean that staff type to find a booking."""

import re
from enum import StrEnum

from miniprogram_api.visits.rules.party import normalise_phone

_TAIL = re.compile(r"[0-9]{4}")
_CODE = re.compile(r"[0-9A-Za-z\s-]+")


class Clue(StrEnum):
    """A booking's number or a ticket's short code; a name; a whole phone, or its last four digits."""

    CODE = "code"
    NAME = "name"
    PHONE = "phone"
    TAIL = "tail"


def clues_of(words: str) -> list[Clue]:
    """As what the words are looked up; letters alone may be a code and a name."""
    words = words.strip()
    if _TAIL.fullmatch(words):
        return [Clue.TAIL]
    clues = [Clue.CODE] if _CODE.fullmatch(words) else []
    if normalise_phone(words) is not None:
        clues.append(Clue.PHONE)
    if not re.search(r"\d", words):
        clues.append(Clue.NAME)
    return clues
