"""Two texts as parts that stayed, came and went: by sentences, and inside changed ones by characters."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from content.rendering.text import sentences
from content.rules.aligning import Effort, equal_letters, equal_runs

Kind = Literal["same", "added", "removed"]

# Texts that share less than this are other texts: showing what single letters they share would hide that.
_ALIKE = 0.4
# A shared piece as short as this between two changes only makes them harder to read.
_CRUMB = 1


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of text that is in both, or only in the later, or only in the earlier."""

    kind: Kind
    text: str


def compare_texts(before: str, after: str, effort: Effort) -> tuple[Part, ...]:
    """The parts of two texts; those that are same or removed make the earlier, same or added the later."""
    old, new = sentences(before), sentences(after)
    parts: list[Part] = []
    at_old = at_new = 0
    for start, other, size in [*equal_runs(old, new, effort), (len(old), len(new), 0)]:
        parts += _changed("".join(old[at_old:start]), "".join(new[at_new:other]), effort)
        parts += _part("same", "".join(old[start : start + size]))
        at_old, at_new = start + size, other + size
    return tuple(_joined(parts))


def _part(kind: Kind, text: str) -> list[Part]:
    return [Part(kind, text)] if text else []


def _changed(before: str, after: str, effort: Effort) -> list[Part]:
    """A passage of sentences that is not the same, by its characters."""
    runs = equal_letters(before, after, effort) if before and after else []
    if 2 * sum(size for _, _, size in runs) < _ALIKE * (len(before) + len(after)):
        runs = []
    parts: list[Part] = []
    at_before = at_after = 0
    for start, other, size in [*_without_crumbs(runs, len(before), len(after)), (len(before), len(after), 0)]:
        parts += _part("removed", before[at_before:start]) + _part("added", after[at_after:other])
        parts += _part("same", before[start : start + size])
        at_before, at_after = start + size, other + size
    return parts


def _without_crumbs(
    runs: Sequence[tuple[int, int, int]], length_before: int, length_after: int
) -> Iterator[tuple[int, int, int]]:
    for start, other, size in runs:
        at_edge = (start == 0 and other == 0) or (
            start + size == length_before and other + size == length_after
        )
        if size > _CRUMB or at_edge:
            yield start, other, size


def _joined(parts: Sequence[Part]) -> Iterator[Part]:
    """Neighbours of one kind as one; between two that stayed, what went stands before what came."""
    removed, added = "", ""
    same = ""
    for part in parts:
        if part.kind == "same":
            if removed or added:
                yield from _part("same", same) + _part("removed", removed) + _part("added", added)
                same = removed = added = ""
            same += part.text
        elif part.kind == "removed":
            removed += part.text
        else:
            added += part.text
    yield from _part("same", same) + _part("removed", removed) + _part("added", added)
