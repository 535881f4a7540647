"""Writing: an article is begun, and each save of another text is a revision of it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from content import rendering
from content.errors import AlreadyPublished, ArticleMissing, DraftRefused, PlanStands, VersionConflict
from content.events import ArticleCreated, ArticleDeleted, ArticlePutBack, RevisionSaved
from content.models import (
    Article,
    Asset,
    Plan,
    Revision,
    Standing,
    SubmissionState,
)
from content.queries.submissions import find_standing_submission
from content.rules.draft_limits import check_draft
from content.rules.drafts import Draft
from content.rules.publishing import instant_text
from content.service.asset_uses import follow_uses
from content.service.belonging import check_named
from content.service.managed import get_revision, latest_revision, note_article
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import FieldError
from miniprogram_api.kernel.ids import new_id

KEPT_IN_BIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Saved:
    """What a save left: the latest revision, and whether it is a new one."""

    revision: Revision
    changed: bool


def create_article(
    session: Session,
    *,
    draft: Draft,
    organisation_id: UUID | None,
    site_id: UUID | None,
    staff_id: UUID,
    actor: Actor,
    now: datetime,
    article_id: UUID | None = None,
    principal: Principal | None = None,
) -> Article:
    """Begin an article for a site's desk, an organisation's, or (neither) the city's.

    It may be as incomplete as it is; the id is given where others must know it beforehand. It names pictures
    and sites of `principal` only; without one it is the system's, which may name any. Raises DraftRefused,
    DocumentRefused. The caller has checked the place.
    """
    draft = _checked(session, draft)
    if principal is not None:
        check_named(session, principal, draft, None)
    article = Article(
        id=article_id or new_id(),
        organisation_id=None if site_id is not None else organisation_id,
        site_id=site_id,
        owner_id=staff_id,
        created_at=now,
        edited_at=now,
        latest_number=0,
        standing=Standing.DRAFT,
        title=draft.title,
        kind=draft.kind,
        summary=draft.summary,
        cover_asset_id=_cover(draft),
        pinned=False,
    )
    session.add(article)
    session.flush()
    revision = _add_revision(session, article, draft, staff_id=staff_id, autosaved=False, now=now)
    after = {
        "revision_number": revision.number,
        "content_hash": revision.content_hash,
        "kind": draft.kind.value,
    }
    told = ArticleCreated(str(article.id))
    note_article(session, article, action="create_article", event=told, actor=actor, after=after)
    return article


def save_revision(
    session: Session,
    article: Article,
    draft: Draft,
    *,
    base_number: int,
    staff_id: UUID,
    actor: Actor,
    autosaved: bool,
    now: datetime,
    principal: Principal | None = None,
) -> Saved:
    """Keep what an editor has written, however incomplete, as the latest revision of a locked article.

    The same text again changes nothing, whoever saved last, so a save may be repeated and review goes on.
    Another text takes the place of one that is under review or approved; a plan stands, for it names the
    revision that it publishes, and so does what is shown. It names no pictures and sites anew that are not
    `principal`'s to name; without one it is the system's, which may name any. Raises VersionConflict unless
    it was written on top of the latest revision, DraftRefused, DocumentRefused.
    """
    draft = _checked(session, draft)
    latest = latest_revision(session, article)
    if latest.content_hash == draft.content_hash:
        return Saved(latest, changed=False)
    if base_number != article.latest_number:
        raise VersionConflict(number=article.latest_number)
    if principal is not None:
        check_named(session, principal, draft, latest)
    revision = _add_revision(session, article, draft, staff_id=staff_id, autosaved=autosaved, now=now)
    _note_saved(session, article, revision, actor=actor)
    return Saved(revision, changed=True)


def restore_revision(
    session: Session, article: Article, number: int, *, staff_id: UUID, actor: Actor, now: datetime
) -> Revision:
    """Make what an earlier revision said the latest text, as a new revision. Raises RevisionMissing."""
    earlier = get_revision(session, article, number)
    revision = _add_revision(
        session,
        article,
        draft_of(earlier),
        staff_id=staff_id,
        autosaved=False,
        now=now,
        restored_from=number,
    )
    _note_saved(session, article, revision, actor=actor)
    return revision


def delete_article(session: Session, article: Article, *, actor: Actor, now: datetime) -> None:
    """Put a locked article that was never shown into the bin, and take it back from review.

    For thirty days it can be put back. Raises AlreadyPublished, PlanStands.
    """
    if article.standing is not Standing.DRAFT:
        raise AlreadyPublished
    plan = session.get(Plan, article.id)
    if plan is not None:
        raise PlanStands(publish_at=instant_text(plan.publish_at))
    standing = find_standing_submission(session, article.id)
    if standing is not None:
        standing.state, standing.state_at = SubmissionState.WITHDRAWN, now
    article.deleted_at = now
    told = ArticleDeleted(str(article.id))
    note_article(session, article, action="delete_article", event=told, actor=actor)


def put_back(session: Session, article: Article, *, actor: Actor, now: datetime) -> None:
    """Take an article out of the bin. Raises ArticleMissing once its thirty days are over."""
    if article.deleted_at is None:
        return
    if article.deleted_at <= now - KEPT_IN_BIN:
        raise ArticleMissing
    article.deleted_at = None
    told = ArticlePutBack(str(article.id))
    note_article(session, article, action="put_article_back", event=told, actor=actor)


def import_markdown(
    session: Session,
    article: Article,
    imported: rendering.Imported,
    *,
    base_number: int,
    staff_id: UUID,
    actor: Actor,
    now: datetime,
    principal: Principal | None = None,
) -> Saved:
    """Let a locked article say what a Markdown text says, which was read before the article was locked.

    Pictures that it lacks are placeholders and have to be uploaded. Raises what `save_revision` raises.
    """
    draft = replace(draft_of(latest_revision(session, article)), body=imported.document)
    return save_revision(
        session,
        article,
        draft,
        base_number=base_number,
        staff_id=staff_id,
        actor=actor,
        autosaved=False,
        now=now,
        principal=principal,
    )


def draft_of(revision: Revision) -> Draft:
    """What a revision says, as an editor gets it."""
    return Draft(
        title=revision.title,
        kind=revision.kind,
        body=revision.body,
        summary=revision.summary,
        content_class=revision.content_class,
        audience=revision.audience,
        cover_asset_id=None if revision.cover_asset_id is None else str(revision.cover_asset_id),
        topic_ids=revision.topic_ids,
        site_ids=revision.site_ids,
        technologies=revision.technologies,
        byline=revision.byline,
        source_name=revision.source_name,
        source_url=revision.source_url,
        quiz=revision.quiz,
    )


def _checked(session: Session, draft: Draft) -> Draft:
    """The draft in the spelling in which it is kept: what an editor adds that nobody sees is no change."""
    check_draft(draft)
    rendering.validate(draft.body)
    cover = _cover(draft)
    if cover is not None and session.get(Asset, cover) is None:
        raise DraftRefused(fields=[FieldError("cover_asset_id", "content.asset_not_found")])
    topics, sites = (tuple(dict.fromkeys(ids)) for ids in (draft.topic_ids, draft.site_ids))
    return replace(draft, body=rendering.normalised(draft.body), topic_ids=topics, site_ids=sites)


def _cover(draft: Draft) -> UUID | None:
    return None if draft.cover_asset_id is None else UUID(draft.cover_asset_id)


def _add_revision(
    session: Session,
    article: Article,
    draft: Draft,
    *,
    staff_id: UUID,
    autosaved: bool,
    now: datetime,
    restored_from: int | None = None,
) -> Revision:
    article.latest_number += 1
    article.edited_at = now
    revision = Revision(
        id=new_id(),
        article_id=article.id,
        number=article.latest_number,
        content_hash=draft.content_hash,
        title=draft.title,
        summary=draft.summary,
        body=dict(draft.body),
        cover_asset_id=_cover(draft),
        kind=draft.kind,
        content_class=draft.content_class,
        audience=draft.audience,
        topic_ids=list(draft.topic_ids),
        site_ids=list(draft.site_ids),
        technologies=list(draft.technologies),
        byline=draft.byline,
        source_name=draft.source_name,
        source_url=draft.source_url,
        quiz=[dict(question) for question in draft.quiz],
        characters=rendering.characters(draft.body),
        autosaved=autosaved,
        restored_from=restored_from,
        saved_by=staff_id,
        saved_at=now,
    )
    session.add(revision)
    if article.standing is Standing.DRAFT:
        article.title, article.kind, article.summary = draft.title, draft.kind, draft.summary
        article.cover_asset_id = revision.cover_asset_id
    _supersede(session, article, revision, now=now)
    session.flush()
    follow_uses(session, article)
    return revision


def _supersede(session: Session, article: Article, revision: Revision, *, now: datetime) -> None:
    """Whatever review said of another text says nothing of this one."""
    standing = find_standing_submission(session, article.id)
    if standing is not None and standing.content_hash != revision.content_hash:
        standing.state, standing.state_at = SubmissionState.SUPERSEDED, now


def _note_saved(session: Session, article: Article, revision: Revision, *, actor: Actor) -> None:
    after = {
        "revision_number": revision.number,
        "content_hash": revision.content_hash,
        "autosaved": revision.autosaved,
        "restored_from": revision.restored_from,
    }
    told = RevisionSaved(str(article.id), str(revision.id), revision.number)
    note_article(session, article, action="save_revision", event=told, actor=actor, after=after)
