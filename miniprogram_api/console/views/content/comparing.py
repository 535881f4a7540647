"""Two texts side by side, as a reader of Chinese sees what was changed."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.queries.desk_topics import list_topic_names
from content.rules.diffing import Comparison, compare
from content.service import Article, Asset, Review, Revision, Submission
from content.service.drafting import draft_of
from miniprogram_api.console.words import content as words
from miniprogram_api.sites.queries import names_of_sites

_NAMED: Mapping[str, str] = {**words.KINDS, **words.CLASSES, **words.AUDIENCES}


def compare_texts(session: Session, before: Revision, after: Revision) -> Comparison:
    """What changed between two revisions, with the names of what they name."""
    names = dict(_NAMED)
    if before.topic_ids != after.topic_ids:
        names |= list_topic_names(session)
    if before.site_ids != after.site_ids:
        ids = {UUID(each) for each in (*before.site_ids, *after.site_ids)}
        names |= {str(site_id): name for site_id, name in names_of_sites(session, ids).items()}
    if before.cover_asset_id != after.cover_asset_id:
        names |= _titles(session, before.cover_asset_id, after.cover_asset_id)
    return compare(draft_of(before), draft_of(after), names)


def _titles(session: Session, *asset_ids: UUID | None) -> dict[str, str]:
    titled = select(Asset.id, Asset.title).where(Asset.id.in_([each for each in asset_ids if each]))
    return {str(row.id): row.title for row in session.execute(titled)}


def before_of(session: Session, article: Article, submission: Submission) -> tuple[Revision | None, str]:
    """What a reviewer compares a text with, and what that is called.

    What the public sees, else the text that a reviewer saw last; a first text has none.
    """
    if article.live_revision_id is not None:
        live = session.get(Revision, article.live_revision_id)
        return live, f"和线上版本（第 {live.number} 版）的不同" if live else ""
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
