"""The lists of wrong and sensitive words, every change a version, and words that may stand all the same."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from content.errors import WordListed, WordMissing, WordNotMarked
from content.events import WordAllowed, WordListChanged
from content.models import Article, Word, WordList, WordListVersion, WordOverride
from content.queries.word_marks import list_words, open_marks
from content.service.drafting import draft_of
from content.service.managed import latest_revision, note_article
from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import FieldError, Invalid
from miniprogram_api.kernel.ids import new_id

MOST_WORD, MOST_WORD_NOTE, MOST_REASON = 40, 120, 200

__all__ = [
    "MOST_REASON",
    "MOST_WORD",
    "MOST_WORD_NOTE",
    "add_word",
    "list_words",
    "override_mark",
    "remove_word",
]


def add_word(
    session: Session,
    *,
    of: WordList,
    word: str,
    suggestion: str | None = None,
    note: str | None = None,
    staff_id: UUID,
    actor: Actor,
    now: datetime,
) -> Word:
    """Put a word on a list, which makes a new version of it. Raises WordListed, Invalid for an empty word."""
    word = word.strip()
    if not word:
        raise Invalid(fields=[FieldError("word", "field.required")])
    last = _hold_list(session, of)
    listed = select(Word.id).where(Word.list == of, Word.word == word, Word.until_version.is_(None))
    if session.scalar(listed) is not None:
        raise WordListed
    version = _add_version(session, of, last + 1, f"加入“{word}”", staff_id=staff_id, now=now)
    added = Word(
        id=new_id(),
        list=of,
        word=word,
        suggestion=(suggestion or "").strip() or None,
        note=(note or "").strip() or None,
        from_version=version.number,
        until_version=None,
    )
    try:
        with session.begin_nested():
            session.add(added)
    except IntegrityError:  # the first words of a list, by two at the same time
        raise WordListed from None
    after = {"word": word, "suggestion": added.suggestion, "version": version.number}
    _note_list(session, of, version, action="add_word", actor=actor, after=after)
    return added


def remove_word(session: Session, word_id: UUID, *, staff_id: UUID, actor: Actor, now: datetime) -> Word:
    """Take a word off its list, which makes a new version of it. Raises WordMissing."""
    word = session.get(Word, word_id)
    if word is None or word.until_version is not None:
        raise WordMissing
    last = _hold_list(session, word.list)
    version = _add_version(session, word.list, last + 1, f"移除“{word.word}”", staff_id=staff_id, now=now)
    word.until_version = version.number
    before = {"word": word.word, "suggestion": word.suggestion}
    after = {"version": version.number}
    _note_list(session, word.list, version, action="remove_word", actor=actor, before=before, after=after)
    return word


def override_mark(
    session: Session,
    article: Article,
    *,
    of: WordList,
    word: str,
    reason: str,
    staff_id: UUID,
    actor: Actor,
    now: datetime,
) -> WordOverride:
    """Let a listed word that a locked article uses stand in it, for a reason that is kept.

    Raises WordNotMarked when there is no such open mark, Invalid without a reason.
    """
    kept = reason.strip()
    if not kept or len(kept) > MOST_REASON:
        code = "content.too_long" if kept else "content.reason_missing"
        raise Invalid(fields=[FieldError("reason", code, {"most": MOST_REASON})])
    marks = open_marks(session, article, draft_of(latest_revision(session, article)))
    if not any((mark.list, mark.word) == (of, word) for mark in marks):
        raise WordNotMarked
    override = WordOverride(
        id=new_id(),
        article_id=article.id,
        list=of,
        word=word,
        reason=kept,
        allowed_by=staff_id,
        allowed_at=now,
    )
    session.add(override)
    told = WordAllowed(str(article.id), of.value)
    after = {"word": word, "word_list": of.value}
    note_article(session, article, action="allow_word", event=told, actor=actor, after=after, reason=kept)
    return override


def _hold_list(session: Session, of: WordList) -> int:
    """The number of a list's last version; whoever changes the list at the same time waits."""
    first = select(WordListVersion.id).where(WordListVersion.list == of, WordListVersion.number == 1)
    session.execute(first.with_for_update())
    return session.scalar(select(func.max(WordListVersion.number)).where(WordListVersion.list == of)) or 0


def _add_version(
    session: Session, of: WordList, number: int, change: str, *, staff_id: UUID, now: datetime
) -> WordListVersion:
    version = WordListVersion(
        id=new_id(), list=of, number=number, change=change, changed_by=staff_id, changed_at=now
    )
    session.add(version)
    return version


def _note_list(
    session: Session,
    of: WordList,
    version: WordListVersion,
    *,
    action: str,
    actor: Actor,
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    session.flush()
    audit.record(
        session,
        actor=actor,
        action=f"content.{action}",
        object_type="word_list",
        object_id=of.value,
        before=before,
        after=after,
    )
    events.publish(session, WordListChanged(of.value, version.number))
