"""How far a draft is from being put forward: the checklist against what there is."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import links, rendering
from content.models import Article, Asset, Topic
from content.queries.word_marks import open_marks
from content.rules.checklist import Known, checklist
from content.rules.drafts import Draft
from miniprogram_api.kernel.errors import FieldError
from miniprogram_api.sites.queries import names_of_sites


def list_open_points(session: Session, article: Article, draft: Draft) -> list[FieldError]:
    """Everything that keeps a draft of an article from being submitted; nothing: it can be."""
    return checklist(draft, _known(session, article, draft), links.allowed())


def _known(session: Session, article: Article, draft: Draft) -> Known:
    targets = rendering.link_targets(draft.body)
    named = {
        kind: _ids(link.id for link in targets if link.target == kind and link.id)
        for kind in ("article", "site")
    }
    pictures = _ids([*rendering.asset_ids(draft.body), *filter(None, [draft.cover_asset_id])])
    there = select(Asset.id, Asset.alt).where(Asset.id.in_(pictures), Asset.retired_at.is_(None))
    topics = select(Topic.id).where(Topic.id.in_(_ids(draft.topic_ids)), Topic.retired_at.is_(None))
    articles = select(Article.id).where(Article.id.in_(named["article"]), Article.deleted_at.is_(None))
    return Known(
        pictures={str(row.id): row.alt for row in session.execute(there)},
        topic_ids=_texts(session.scalars(topics)),
        article_ids=_texts(session.scalars(articles)) if named["article"] else (),
        site_ids=_texts(names_of_sites(session, named["site"] | _ids(draft.site_ids))),
        marks=open_marks(session, article, draft),
    )


def _ids(texts: Iterable[str]) -> set[UUID]:
    found = set()
    for text in texts:
        try:
            found.add(UUID(text))
        except ValueError:
            continue
    return found


def _texts(ids: Iterable[UUID]) -> set[str]:
    return {str(each) for each in ids}
