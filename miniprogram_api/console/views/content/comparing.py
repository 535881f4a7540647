"""Two texts side by side, as a reader of Chinese sees what was changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.rules.diffing import BlockChange, FieldChange, compare
from content.service import Article, Review, Revision, Submission
from content.service.drafting import draft_of
from miniprogram_api.console.words import content as words

_NAMED: Mapping[str, str] = {**words.KINDS, **words.CLASSES, **words.AUDIENCES}


# Of what stayed, this much is shown around what did not.
_AROUND = 1


@dataclass(frozen=True, slots=True)
class Folded:
    """So many blocks on end that nobody has to read again."""

    count: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed from one text to another, with what stayed folded away."""

    is_same: bool
    fields: Sequence[FieldChange]
    blocks: Sequence[BlockChange | Folded]


def compare_texts(before: Revision, after: Revision, names: Mapping[str, str]) -> Changes:
    """What changed between two revisions; `names` are of what they name by its id."""
    found = compare(draft_of(before), draft_of(after), {**_NAMED, **names})
    return Changes(found.is_same, found.fields, _fold(found.blocks))


def _fold(blocks: Sequence[BlockChange]) -> list[BlockChange | Folded]:
    folded: list[BlockChange | Folded] = []
    for is_same, run in groupby(blocks, key=lambda block: block.kind == "same"):
        some = list(run)
        if not is_same or len(some) <= 2 * _AROUND + 1:
            folded += some
            continue
        first = some[:_AROUND] if folded else []
        last = some[-_AROUND:]
        folded += [*first, Folded(len(some) - len(first) - len(last)), *last]
    return folded


def before_of(session: Session, article: Article, submission: Submission) -> tuple[Revision | None, str]:
    """What a reviewer compares a text with, and what that is called.

    What the public sees, else the text that a reviewer saw last; a first text has none.
    """
    if article.live_revision_id is not None:
        live = session.get(Revision, article.live_revision_id)
        named = words.SHOWN_VERSIONS[article.standing.value]
        return live, f"和{named}（第 {live.number} 版）的不同" if live else ""
    seen = (
        select(Revision)
        .join(Submission, Submission.revision_id == Revision.id)
        .join(Review, Review.submission_id == Submission.id)
        .where(Submission.article_id == article.id, Submission.id != submission.id)
        .order_by(Revision.number.desc())
        .limit(1)
    )
    last = session.scalars(seen).one_or_none()
    return last, f"和上次审过的第 {last.number} 版的不同" if last else ""
