"""Articles, pictures and topics for tests, made by the services that make them in life."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from content.models import Article, ArticleKind, Asset, Topic
from content.rules.drafts import Draft
from content.service import assets, drafting, topics
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.clock import now as clock_now
from miniprogram_api.kernel.files import StoredImage, StoredSize
from miniprogram_api.kernel.ids import new_id
from tests.factories.staff import make_staff


def paragraph(text: str) -> dict[str, Any]:
    """A paragraph of a body."""
    return {"type": "paragraph", "content": [{"type": "text", "text": text}]}


def heading(text: str, level: int = 2) -> dict[str, Any]:
    """A heading of a body."""
    return {"type": "heading", "attrs": {"level": level}, "content": [{"type": "text", "text": text}]}


def picture(asset_id: UUID | str, *, alt: str = "屋顶上的光伏板", caption: str = "") -> dict[str, Any]:
    """A picture of a body."""
    return {"type": "image", "attrs": {"assetId": str(asset_id), "alt": alt, "caption": caption}}


def linked(text: str, href: str) -> dict[str, Any]:
    """A paragraph that is one link."""
    mark = {"type": "link", "attrs": {"href": href}}
    return {"type": "paragraph", "content": [{"type": "text", "text": text, "marks": [mark]}]}


def body_of(*blocks: Mapping[str, Any] | str) -> dict[str, Any]:
    """A body of blocks; a text is a paragraph."""
    return {"type": "doc", "content": [paragraph(b) if isinstance(b, str) else dict(b) for b in blocks]}


def make_draft(*blocks: Mapping[str, Any] | str, **values: Any) -> Draft:
    """What an editor has written; complete but for a cover."""
    defaults: dict[str, Any] = {
        "title": "长春冬天的光伏能发多少电",
        "kind": ArticleKind.KNOWLEDGE,
        "summary": "雪后的屋顶也能发电，关键在角度和清雪。",
        "body": body_of(*(blocks or ("低温让光伏板效率更高。", "积雪要及时清理。"))),
    }
    return Draft(**defaults | values)


def make_asset(
    session: Session,
    *,
    staff_id: UUID | None = None,
    image: StoredImage | None = None,
    sizes: Sequence[StoredSize] = (),
    **values: Any,
) -> Asset:
    """A picture of the city's library, whose file is not there unless it is given."""
    defaults: dict[str, Any] = {
        "title": "屋顶光伏",
        "alt": "积雪的屋顶上的光伏板",
        "source": "编辑部",
        "licence": "自有版权",
        "organisation_id": None,
        "site_id": None,
    }
    image = image or StoredImage(f"{new_id().hex}.jpg", "image/jpeg", 1200, 900, 120_000, new_id().hex * 2)
    return assets.add_asset(
        session,
        image,
        sizes,
        staff_id=staff_id or make_staff(session).id,
        actor=SYSTEM,
        now=clock_now(),
        **defaults | values,
    )


def make_topic(session: Session, name: str | None = None, **values: Any) -> Topic:
    """A topic with a name of its own."""
    defaults: dict[str, Any] = {"summary": "身边的低碳知识。", "cover_asset_id": None}
    name = name or f"专题{new_id().hex[-8:]}"
    return topics.add_topic(session, name=name, actor=SYSTEM, now=clock_now(), **defaults | values)


def make_article(
    session: Session,
    draft: Draft | None = None,
    *,
    writer_id: UUID | None = None,
    organisation_id: UUID | None = None,
    site_id: UUID | None = None,
) -> Article:
    """An article of the city's, unless told otherwise, that nobody has submitted."""
    return drafting.create_article(
        session,
        draft=draft or make_draft(),
        organisation_id=organisation_id,
        site_id=site_id,
        staff_id=writer_id or make_staff(session).id,
        actor=SYSTEM,
        now=clock_now(),
    )


def question(text: str = "光伏板怕冷吗？", right: Sequence[str] = ("b",)) -> dict[str, Any]:
    """A question with two options."""
    return {
        "id": f"q{new_id().hex[-8:]}",
        "text": text,
        "options": [{"id": "a", "text": "怕"}, {"id": "b", "text": "不怕"}],
        "right": list(right),
        "explanation": "低温让效率更高。",
    }
