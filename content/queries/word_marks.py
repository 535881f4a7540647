"""Listed words: the lists as they stand, and where an article has any of them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.models import Article, Asset, Word, WordList, WordListVersion, WordOverride
from content.rules.drafts import Draft
from content.rules.words_check import Mark, Place, find_marks, places_of


@dataclass(frozen=True, slots=True)
class JudgedMark:
    """A listed word in a text, and why it may stand there, if somebody said so."""

    mark: Mark
    allowed: WordOverride | None


def list_words(session: Session, of: WordList) -> list[Word]:
    """The words of a list as it stands, in the order of their spelling."""
    listed = select(Word).where(Word.list == of, Word.until_version.is_(None))
    return list(session.scalars(listed.order_by(Word.word)))


def list_word_versions(session: Session, of: WordList, *, limit: int = 100) -> list[WordListVersion]:
    """The changes of a list, the newest first."""
    changes = select(WordListVersion).where(WordListVersion.list == of)
    return list(session.scalars(changes.order_by(WordListVersion.number.desc()).limit(limit)))


def judged_marks(session: Session, article_id: UUID, draft: Draft) -> list[JudgedMark]:
    """The listed words in a draft, in its order, with what was said of each."""
    words = session.scalars(select(Word).where(Word.until_version.is_(None))).all()
    said = select(WordOverride).where(WordOverride.article_id == article_id)
    allowed = {(each.list, each.word): each for each in session.scalars(said)}
    places = [*_of_cover(session, draft), *places_of(draft)]
    return [JudgedMark(mark, allowed.get((mark.list, mark.word))) for mark in find_marks(places, words)]


def _of_cover(session: Session, draft: Draft) -> list[Place]:
    """What readers are told of the cover, which the picture says and not the draft."""
    cover = session.get(Asset, UUID(draft.cover_asset_id)) if draft.cover_asset_id else None
    told = () if cover is None else (cover.alt, cover.source)
    return [Place("cover", None, text) for text in told if text]


def open_marks(session: Session, article: Article, draft: Draft) -> list[Mark]:
    """Those that nobody has allowed."""
    return [found.mark for found in judged_marks(session, article.id, draft) if found.allowed is None]
