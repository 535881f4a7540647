"""What two sequences have in common, found in bounded time.

What is the same at both ends is set aside, then what stands once in each, in the same order; only the gaps
that are left are compared each with each, and only while they are small. Texts that nobody would write, made
to be slow to compare, come out as replaced.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher

# An equal run: where it begins in the one and in the other, and how long it is.
Run = tuple[int, int, int]

_MOST_COMPARED = 8_000


class Effort:
    """How much may still be compared each with each in one comparison."""

    def __init__(self, total: int = 200_000) -> None:
        self._left = total

    def allows(self, before: Sequence[Hashable], after: Sequence[Hashable]) -> bool:
        """Whether two sequences may be compared, which is then paid for."""
        counted = Counter(after)
        cost = sum(counted[item] for item in before)
        if cost > min(_MOST_COMPARED, self._left):
            return False
        self._left -= cost + 1
        return True


def equal_runs(before: Sequence[Hashable], after: Sequence[Hashable], effort: Effort) -> list[Run]:
    """The runs that are the same in both, in order, without overlap."""
    return _joined(list(_runs(before, after, effort, anchored=True)))


def equal_letters(before: str, after: str, effort: Effort) -> list[Run]:
    """The same of two short texts: a letter that stands once in each says nothing about the text."""
    return _joined(list(_runs(before, after, effort, anchored=False)))


def _runs(
    before: Sequence[Hashable], after: Sequence[Hashable], effort: Effort, *, anchored: bool
) -> Iterator[Run]:
    head = _same_head(before, after)
    tail = _same_head(before[head:][::-1], after[head:][::-1])
    if head:
        yield 0, 0, head
    last_before, last_after = len(before) - tail, len(after) - tail
    at_before, at_after = head, head
    anchors = _anchors(before[head:last_before], after[head:last_after]) if anchored else []
    for in_before, in_after in [*anchors, (last_before - head, last_after - head)]:
        gap_before, gap_after = before[at_before : head + in_before], after[at_after : head + in_after]
        if gap_before and gap_after and effort.allows(gap_before, gap_after):
            for start, other, size in SequenceMatcher(
                None, gap_before, gap_after, autojunk=False
            ).get_matching_blocks():
                if size:
                    yield at_before + start, at_after + other, size
        if head + in_before < last_before:
            yield head + in_before, head + in_after, 1
        at_before, at_after = head + in_before + 1, head + in_after + 1
    if tail:
        yield last_before, last_after, tail


def _same_head(before: Sequence[Hashable], after: Sequence[Hashable]) -> int:
    for at, (one, other) in enumerate(zip(before, after, strict=False)):
        if one != other:
            return at
    return min(len(before), len(after))


def _anchors(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[int, int]]:
    """What stands once in each, as far as it stands in the same order (patience)."""
    counted_before, counted_after = Counter(before), Counter(after)
    where = {item: at for at, item in enumerate(after) if counted_after[item] == 1}
    pairs = [
        (at, where[item]) for at, item in enumerate(before) if counted_before[item] == 1 and item in where
    ]
    return _rising(pairs)


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest part of pairs, sorted by their first, whose second rises too."""
    tops: list[int] = []
    top_at: list[int] = []
    previous: list[int | None] = []
    for at, (_, second) in enumerate(pairs):
        pile = bisect_left(tops, second)
        previous.append(top_at[pile - 1] if pile else None)
        if pile == len(tops):
            tops.append(second)
            top_at.append(at)
        else:
            tops[pile], top_at[pile] = second, at
    kept: list[tuple[int, int]] = []
    last = top_at[-1] if top_at else None
    while last is not None:
        kept.append(pairs[last])
        last = previous[last]
    return kept[::-1]


def _joined(runs: Sequence[Run]) -> list[Run]:
    joined: list[Run] = []
    for start, other, size in runs:
        if joined and joined[-1][0] + joined[-1][2] == start and joined[-1][1] + joined[-1][2] == other:
            first, second, before = joined[-1]
            joined[-1] = (first, second, before + size)
        else:
            joined.append((start, other, size))
    return joined
