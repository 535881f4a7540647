"""Words of the lists in a text: where they stand, what is suggested, and who let them stand and why."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.orm import Session

from content.queries.word_marks import judged_marks
from content.rules.words_check import Mark
from content.service import Revision, WordList, WordOverride
from content.service.drafting import draft_of
from miniprogram_api.kernel.errors import FieldError

_PLACES = {
    "title": "标题",
    "summary": "摘要",
    "byline": "署名",
    "source_name": "来源",
    "technologies": "技术",
    "alt": "图片说明",
    "cover": "封面的说明和来源",
    "quiz": "知识问答",
}


@dataclass(frozen=True, slots=True)
class ShownMark:
    """A mark with the text around it, and by whom it may stand if somebody said so."""

    list: WordList
    listed: str
    before: str
    word: str
    after: str
    suggestion: str | None
    place: str
    block: int | None
    override: WordOverride | None


def marks_of(session: Session, article_id: UUID, revision: Revision) -> list[ShownMark]:
    """Every mark of a text; two statements."""
    return [_shown(each.mark, each.allowed) for each in judged_marks(session, article_id, draft_of(revision))]


@dataclass(frozen=True, slots=True)
class OpenMark:
    """A listed word that is to be mended, or kept for a reason."""

    list: str
    listed: str
    before: str
    word: str
    after: str
    suggestion: str


def of_open_points(points: Iterable[FieldError]) -> list[OpenMark]:
    """The listed words among the open points of a checklist, each word once."""
    marks: dict[tuple[str, str], OpenMark] = {}
    for point in points:
        of = point.code.removeprefix("content.word_")
        if of in set(WordList):
            word, context = str(point.params["word"]), str(point.params["context"])
            before, found, after = context.partition(word)
            mark = OpenMark(of, word, before, found, after, str(point.params["suggestion"] or ""))
            marks.setdefault((of, word), mark)
    return list(marks.values())


def _shown(mark: Mark, override: WordOverride | None) -> ShownMark:
    before, word, after = mark.context.partition(mark.found)
    return ShownMark(
        list=mark.list,
        listed=mark.word,
        before=before,
        word=word or mark.found,
        after=after,
        suggestion=mark.suggestion,
        place=_say_place(mark),
        block=mark.block if mark.place in {"body", "alt"} else None,
        override=override,
    )


def _say_place(mark: Mark) -> str:
    named = _PLACES.get(mark.place)
    if mark.block is None or mark.place == "quiz":
        return named or "正文"
    return f"第 {mark.block + 1} 段{named or ''}"
