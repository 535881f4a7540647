"""What somebody may have meant whose words are found nowhere."""

import unicodedata
from collections.abc import Iterable, Iterator
from difflib import get_close_matches

_SHORTEST, _LONGEST = 3, 12
_ALIKE = 0.6


def find_nearby(query: str, names: Iterable[str]) -> str | None:
    """The piece of a name that differs least from a query: a character or two of Chinese, or a misspelling.

    None if there is none, or if the query is too short or too long to tell.
    """
    asked = _folded(query)
    if not _SHORTEST <= len(asked) <= _LONGEST:
        return None
    known = list(dict.fromkeys(_folded(name) for name in names))
    if asked.isascii():
        words = {word for name in known for word in _latin_words(name)}
        return next(iter(get_close_matches(asked, sorted(words), n=1, cutoff=_ALIKE)), None)
    pieces = {piece: _agreeing(asked, piece) for name in known for piece in _pieces(name, len(asked))}
    enough = {piece: same for piece, same in pieces.items() if same / len(asked) >= _ALIKE}
    return min(enough, key=lambda piece: (-enough[piece], piece)) if enough else None


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip().lower()


def _latin_words(name: str) -> Iterator[str]:
    separated = "".join(char if char.isascii() and char.isalnum() else " " for char in name)
    return (word for word in separated.split() if len(word) >= _SHORTEST)


def _pieces(name: str, length: int) -> Iterator[str]:
    """Every stretch of a name that is so long and holds only letters and digits."""
    stretches = (name[start : start + length] for start in range(len(name) - length + 1))
    return (piece for piece in stretches if piece.isalnum())


def _agreeing(one: str, other: str) -> int:
    return sum(a == b for a, b in zip(one, other, strict=True))
