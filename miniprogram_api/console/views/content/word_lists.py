"""The lists of wrong and of sensitive words; each change is a version with its author."""

from flask import request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from content.service import Word, WordList, WordListVersion
from content.service import words as service
from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.content import WordFilter, WordForm
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.views.content.showing import names_of
from miniprogram_api.console.words import content as words
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.paging import Page
from miniprogram_api.kernel.paging import page as read_page
from miniprogram_api.web.schemas import parse_id

_VIEW, _MANAGE = "content.view", "content.words"
_PER_PAGE, _CHANGES = 50, 12


def _page(form: WordForm) -> Response:
    filters = WordFilter(request.args)
    with reading() as session:
        found = _find(session, filters)
        newest = select(WordListVersion).order_by(WordListVersion.id.desc()).limit(_CHANGES)
        versions = session.scalars(newest).all()
        names = names_of(session, *versions)
    return page(
        "content/words.html",
        form=form,
        filters=filters,
        narrowed=bool(filters.list.data or filters.q.data),
        found=found,
        versions=versions,
        names=names,
        may_manage=current_principal().may(_MANAGE),
        words=words,
    )


def _find(session: Session, filters: WordFilter) -> Page[Word]:
    filters.validate()
    listed = select(Word).where(Word.until_version.is_(None))
    if filters.list.data and not filters.list.errors:
        listed = listed.where(Word.list == WordList(filters.list.data))
    if filters.q.data and not filters.q.errors:
        listed = listed.where(Word.word.contains(filters.q.data, autoescape=True))
    cursor = request.args.get("cursor")
    return read_page(session, listed, [Word.word, Word.id], limit=_PER_PAGE, cursor=cursor)


@console.get("/content/words")
@signed_in(_VIEW)
def list_words() -> Response:
    """The words of both lists, and how the lists changed."""
    return _page(WordForm(formdata=None))


@console.post("/content/words")
@signed_in(_MANAGE)
def add_word() -> Response:
    """Another word, which makes a version of its list."""
    form = WordForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                service.add_word(
                    session,
                    of=WordList(form.list.data),
                    word=form.word.data,
                    suggestion=form.suggestion.data,
                    note=form.note.data,
                    staff_id=current_principal().id,
                    actor=current_actor(),
                    now=clock.now(),
                )
            told = f"“{form.word.data}”已加入{words.WORD_LISTS[form.list.data]}表，马上生效。"
            return done(url_for("console.list_words"), told)
    return _page(form)


@console.post("/content/words/<string:word_id>/remove")
@signed_in(_MANAGE)
def remove_word(word_id: str) -> Response:
    """Take a word off its list; what was written about it stays."""
    with atomic() as session:
        removed = service.remove_word(
            session,
            parse_id(word_id),
            staff_id=current_principal().id,
            actor=current_actor(),
            now=clock.now(),
        )
        told = f"“{removed.word}”已从{words.WORD_LISTS[removed.list.value]}表删去。"
    return done(url_for("console.list_words"), told)
