"""Where a text uses words of the lists of wrong and of sensitive ones, however they are written."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from content import rendering
from content.models import WordList
from content.rendering.text import UNSEEN
from content.rules.drafts import Draft

MOST_OF_WORD: Final = 100
MOST_MARKS: Final = 500
_AROUND: Final = 12


class Listed(Protocol):
    """A word of a list, as its table has it."""

    @property
    def list(self) -> WordList: ...
    @property
    def word(self) -> str: ...
    @property
    def suggestion(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Place:
    """A piece of a draft: `title`, `summary`, `body` with its block, `quiz` with its question …"""

    name: str
    block: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A listed word where it stands: from `start` to before `end` of the text of its place."""

    list: WordList
    word: str
    suggestion: str | None
    place: str
    block: int | None
    start: int
    end: int
    found: str
    context: str


def places_of(draft: Draft) -> list[Place]:
    """Everything in a draft that somebody reads, in its order."""
    texts = {
        "title": draft.title,
        "summary": draft.summary,
        "byline": draft.byline,
        "source_name": draft.source_name,
        "technologies": "、".join(draft.technologies),
    }
    places = [Place(name, None, text) for name, text in texts.items()]
    places += [Place("body", block, text) for block, text in rendering.text_by_block(draft.body).items()]
    places += [Place("alt", block, text) for block, text in rendering.alt_by_block(draft.body).items()]
    places += [Place("quiz", index, _question(question)) for index, question in enumerate(draft.quiz)]
    return [place for place in places if place.text]


def _question(question: Mapping[str, Any]) -> str:
    options = question.get("options") or ()
    told = (question.get("text"), *(option.get("text") for option in options), question.get("explanation"))
    return "\n".join(text for text in told if isinstance(text, str) and text)


def find_marks(places: Iterable[Place], words: Iterable[Listed]) -> list[Mark]:
    """Each use of a listed word, in the order of the text, of overlapping ones of a list the longest.

    Width, case and invisible letters make no difference; a word in Latin letters is found as a whole word.
    What is already written as suggested is no use of the word. Of each word at most MOST_OF_WORD uses are
    found, and after MOST_MARKS in all the first of each: however often one is used, it hides no other.
    """
    by_list: dict[WordList, dict[str, list[tuple[str, Listed]]]] = {}
    for word in words:
        folded = "".join(letter for letter, _ in _folded(word.word))
        if folded:
            by_list.setdefault(word.list, {}).setdefault(folded[0], []).append((folded, word))
    for listed in by_list.values():
        for same_start in listed.values():
            same_start.sort(key=lambda entry: -len(entry[0]))
    found: list[Mark] = []
    uses: Counter[tuple[WordList, str]] = Counter()
    for place in places:
        letters = list(_folded(place.text))
        text = "".join(letter for letter, _ in letters)
        here = (mark for listed in by_list.values() for mark in _in_place(place, text, letters, listed))
        for mark in sorted(here, key=lambda mark: (mark.start, mark.list)):
            uses[mark.list, mark.word] += 1
            if uses[mark.list, mark.word] <= (MOST_OF_WORD if len(found) < MOST_MARKS else 1):
                found.append(mark)
    return found


def _folded(text: str) -> Iterator[tuple[str, int]]:
    """Each letter in its one form, with where it stands in the text."""
    for at, letter in enumerate(text):
        if not UNSEEN.match(letter):
            for form in unicodedata.normalize("NFKC", letter).casefold():
                yield form, at


def _in_place(
    place: Place,
    text: str,
    letters: Sequence[tuple[str, int]],
    listed: Mapping[str, Sequence[tuple[str, Listed]]],
) -> Iterator[Mark]:
    at = 0
    while at < len(text):
        hit = next(
            (entry for entry in listed.get(text[at], ()) if _stands(text, at, entry[0], entry[1].suggestion)),
            None,
        )
        if hit is None:
            at += 1
            continue
        start, end = letters[at][1], letters[at + len(hit[0]) - 1][1] + 1
        yield Mark(
            list=hit[1].list,
            word=hit[1].word,
            suggestion=hit[1].suggestion,
            place=place.name,
            block=place.block,
            start=start,
            end=end,
            found=place.text[start:end],
            context=_context(place.text, start, end),
        )
        at += len(hit[0])


def _stands(text: str, at: int, word: str, suggestion: str | None) -> bool:
    end = at + len(word)
    if not text.startswith(word, at):
        return False
    if _latin(word[0]) and at and _latin(text[at - 1]):
        return False
    if _latin(word[-1]) and end < len(text) and _latin(text[end]):
        return False
    right = "".join(letter for letter, _ in _folded(suggestion or ""))
    inside = right.find(word)
    return inside < 0 or at < inside or not text.startswith(right, at - inside)


def _latin(letter: str) -> bool:
    return letter.isascii() and letter.isalnum()


def _context(text: str, start: int, end: int) -> str:
    first, last = max(start - _AROUND, 0), min(end + _AROUND, len(text))
    before, after = "…" if first else "", "…" if last < len(text) else ""
    return f"{before}{text[first:last]}{after}".replace("\n", " ")
