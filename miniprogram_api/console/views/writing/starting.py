"""An article is begun, by hand or from a text in Markdown."""

from flask import url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from content import rendering
from content.rules.drafts import EMPTY_BODY, Draft
from content.service import Article, ArticleKind, drafting
from content.service.managed import get_managed_article, lock_managed_article
from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms.writing import ArticleForm, MarkdownForm
from miniprogram_api.console.pages import done, page, showing_refusals
from miniprogram_api.console.views.writing.places import WRITE, list_places, read_place
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.web.schemas import parse_id


@console.route("/content/articles/new", methods=["GET", "POST"])
@signed_in(WRITE)
def create_article() -> Response:
    """Begin an article: what it is about, of which kind, for whose desk."""
    form = ArticleForm()
    with reading() as session:
        form.offer(list_places(session, current_principal()))
    if form.validate_on_submit():
        with showing_refusals(form):
            with atomic() as session:
                article = _create(session, form)
            return done(url_for("console.edit_article", article_id=article.id))
    return page("writing/new.html", form=form)


def _create(session: Session, form: ArticleForm) -> Article:
    principal = current_principal()
    draft = Draft(title=form.title.data or "", kind=ArticleKind(form.kind.data), body=dict(EMPTY_BODY))
    place = read_place(session, principal, form.place.data)
    return drafting.create_article(
        session,
        draft=draft,
        organisation_id=place.organisation_id,
        site_id=place.site_id,
        staff_id=principal.id,
        actor=current_actor(),
        now=clock.now(),
        principal=principal,
    )


@console.route("/content/articles/<string:article_id>/markdown", methods=["GET", "POST"])
@signed_in(WRITE)
def import_markdown(article_id: str) -> Response:
    """Put a text in Markdown in the place of what is written, as a new version; the former one is kept."""
    with reading() as session:
        article = get_managed_article(session, current_principal(), WRITE, parse_id(article_id))
    form = MarkdownForm()
    if form.validate_on_submit():
        with showing_refusals(form):
            imported = rendering.from_markdown(form.text.data)
            with atomic() as session:
                _bring_in(session, article_id, imported)
            told = "已导入正文，原来的文字在历史版本里。"
            if missing := len(imported.foreign_images):
                told += f"有 {missing} 处外部图片没有带进来，请在正文里上传。"
            return done(url_for("console.edit_article", article_id=article.id), told)
    return page("writing/markdown.html", article=article, form=form)


def _bring_in(session: Session, article_id: str, imported: rendering.Imported) -> None:
    principal = current_principal()
    article = lock_managed_article(session, principal, WRITE, parse_id(article_id))
    drafting.import_markdown(
        session,
        article,
        imported,
        base_number=article.latest_number,
        staff_id=principal.id,
        actor=current_actor(),
        now=clock.now(),
        principal=principal,
    )
