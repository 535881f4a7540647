"""Articles on their way to the official account of the fake, and what lies there."""

import io
from collections import Counter
from typing import Any
from uuid import UUID

from PIL import Image
from sqlalchemy import select

from content.models import Article, OfficialPost
from content.service import assets
from miniprogram_api.devtools.fake_wechat import (
    DEMO_OFFICIAL_APPID,
    DEMO_OFFICIAL_PUSH_AES_KEY,
    DEMO_OFFICIAL_PUSH_TOKEN,
    DEMO_OFFICIAL_SECRET,
    FakeWeChat,
)
from miniprogram_api.kernel import events, files
from miniprogram_api.kernel.clock import now as clock_now
from miniprogram_api.kernel.db import atomic, reading
from tests.support.clients import FakePeople
from tests.support.publishing import Desk, publish_article, staff_actor

ACCOUNT = {
    "wechat_oa_appid": DEMO_OFFICIAL_APPID,
    "wechat_oa_secret": DEMO_OFFICIAL_SECRET,
    "wechat_oa_push_token": DEMO_OFFICIAL_PUSH_TOKEN,
    "wechat_oa_push_aes_key": DEMO_OFFICIAL_PUSH_AES_KEY,
}
PUBLISHING = ACCOUNT | {"wechat_oa_publish": True}
ADD_DRAFT, SUBMIT = "/cgi-bin/draft/add", "/cgi-bin/freepublish/submit"


def stored_asset(desk: Desk, *, width: int = 1200) -> UUID:
    """A picture of the library with its files."""
    raw = io.BytesIO()
    Image.effect_noise((width, width // 2), 40).convert("RGB").save(raw, "JPEG")
    image = files.current().save_image(raw.getvalue())
    sizes = files.current().save_sizes(image)
    described = {"title": "屋顶", "alt": "雪后的屋顶", "source": "编辑部", "licence": "自有版权"}
    with atomic() as session:
        asset = assets.add_asset(
            session,
            image,
            sizes,
            organisation_id=None,
            site_id=None,
            staff_id=desk.writer,
            actor=staff_actor(desk.writer),
            now=clock_now(),
            **described,
        )
        return asset.id


def published(desk: Desk, **values: Any) -> Article:
    """An article that is to go to the official account, asked for."""
    values = {"cover_asset_id": str(stored_asset(desk)), **values}
    with atomic() as session:
        article = publish_article(session, desk=desk, official=True, **values)
    while events.drain():
        pass
    return article


def shelf(fake: FakeWeChat) -> dict[str, Any]:
    return FakePeople(fake).control("GET", "/official")


def calls(fake: FakeWeChat) -> Counter[str]:
    return Counter(FakePeople(fake).calls())


def fault(fake: FakeWeChat, path: str, name: str, **more: Any) -> None:
    FakePeople(fake).control("POST", "/faults", path=path, fault=name, **more)


def posts() -> list[tuple[str, str | None]]:
    with reading() as session:
        rows = session.scalars(select(OfficialPost).order_by(OfficialPost.id))
        return [(post.state.value, post.outcome) for post in rows]
