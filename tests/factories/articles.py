"""Rows of content for tests: topics, pictures, and articles as publishing leaves them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from content import rendering
from content.models import (
    Article,
    ArticleKind,
    ArticleSite,
    Asset,
    Audience,
    ContentClass,
    Placement,
    Revision,
    Standing,
    Topic,
)
from content.queries.search import INDEX
from content.rules.drafts import Draft
from miniprogram_api.identity.models import StaffAccount
from miniprogram_api.kernel.clock import now as clock_now
from miniprogram_api.kernel.ids import new_id
from tests.factories.staff import make_staff

EDITOR = "feed-editor"
QUIZ: list[dict[str, Any]] = [
    {
        "id": "q1",
        "text": "气温降低时，晶硅光伏组件的效率会怎样？",
        "options": [{"id": "a", "text": "略有升高"}, {"id": "b", "text": "明显降低"}],
        "right": ["a"],
        "explanation": "温度每降 1 ℃，功率约升千分之三到四。",
    },
    {
        "id": "q2",
        "text": "下面哪些会减少冬季发电？",
        "options": [
            {"id": "a", "text": "积雪"},
            {"id": "b", "text": "日照短"},
            {"id": "c", "text": "低温"},
        ],
        "right": ["a", "b"],
        "explanation": "低温本身是有利的。",
    },
]


def paragraph(text: str) -> dict[str, Any]:
    return {"type": "paragraph", "content": [{"type": "text", "text": text}]}


def document(*texts: str) -> dict[str, Any]:
    """A body of plain paragraphs."""
    return {"type": "doc", "content": [paragraph(text) for text in texts]}


def make_topic(session: Session, **values: Any) -> Topic:
    """A topic in use."""
    topic_id = new_id()
    defaults = {
        "name": f"专题{topic_id.hex[-8:]}",
        "summary": "低碳生活的点点滴滴。",
        "position": 0,
        "created_at": clock_now(),
    }
    topic = Topic(id=topic_id, **defaults | values)
    session.add(topic)
    session.flush()
    return topic


def make_asset(session: Session, **values: Any) -> Asset:
    """A picture whose file need not exist, with one smaller size."""
    asset_id = new_id()
    defaults = {
        "file_name": f"{asset_id.hex}.jpg",
        "media_type": "image/jpeg",
        "width": 1600,
        "height": 900,
        "size_bytes": 120_000,
        "sha256": "0" * 64,
        "sizes": [{"name": f"{new_id().hex}.jpg", "width": 480, "height": 270}],
        "title": "屋顶光伏",
        "alt": "雪后屋顶上的光伏板",
        "source": "本平台绘制",
        "licence": "平台自有",
        "uploaded_by": _editor(session),
        "uploaded_at": clock_now(),
    }
    asset = Asset(id=asset_id, **defaults | values)
    session.add(asset)
    session.flush()
    return asset


def make_article(
    session: Session,
    *,
    title: str = "长春的冬天，光伏还发电吗",
    summary: str = "低温其实有利，真正的考验是积雪。",
    body: dict[str, Any] | None = None,
    kind: ArticleKind = ArticleKind.KNOWLEDGE,
    audience: Audience = Audience.EVERYONE,
    topics: Sequence[Topic] = (),
    site_ids: Sequence[UUID] = (),
    technologies: Sequence[str] = (),
    quiz: Sequence[dict[str, Any]] = (),
    cover: Asset | None = None,
    published_at: datetime | None = None,
    **values: Any,
) -> Article:
    """An article that is shown, as publishing leaves it: placed, about its sites, found by the search."""
    article_id, revision_id, at = new_id(), new_id(), published_at or clock_now()
    body = body or document("低温不是问题，积雪才是。")
    editor = _editor(session)
    draft = Draft(title=title, kind=kind, body=body, summary=summary, quiz=quiz)
    defaults = {
        "owner_id": editor,
        "created_at": at,
        "edited_at": at,
        "latest_number": 1,
        "standing": Standing.LIVE,
        "live_revision_id": revision_id,
        "title": title,
        "kind": kind,
        "summary": summary,
        "cover_asset_id": cover.id if cover else None,
        "published_at": at,
        "changed_at": at,
    }
    article = Article(id=article_id, **defaults | values)
    session.add(article)
    session.flush()
    revision = Revision(
        id=revision_id,
        article_id=article_id,
        number=1,
        content_hash=draft.content_hash,
        title=title,
        summary=summary,
        body=body,
        cover_asset_id=cover.id if cover else None,
        kind=kind,
        content_class=ContentClass.NORMAL,
        audience=audience,
        topic_ids=[str(topic.id) for topic in topics],
        site_ids=[str(site_id) for site_id in site_ids],
        technologies=list(technologies),
        byline="示范区编辑部",
        source_name="",
        source_url="",
        quiz=list(quiz),
        characters=rendering.characters(body),
        autosaved=False,
        restored_from=None,
        saved_by=editor,
        saved_at=at,
    )
    session.add(revision)
    session.flush()
    session.add_all(Placement(topic_id=topic.id, article_id=article_id) for topic in topics)
    session.add_all(ArticleSite(site_id=site_id, article_id=article_id) for site_id in site_ids)
    if article.standing is Standing.LIVE:
        said = "\n".join([summary, *technologies, *(topic.name for topic in topics), rendering.to_text(body)])
        INDEX.put(session, article_id, title=title, body=said)
    session.flush()
    return article


def _editor(session: Session) -> UUID:
    found = session.scalar(select(StaffAccount.id).where(StaffAccount.username == EDITOR))
    return found or make_staff(session, EDITOR).id
