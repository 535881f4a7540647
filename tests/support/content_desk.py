"""The publicity desk with a piece of everything: what the tests of its pages look at."""

import io
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from PIL import Image
from sqlalchemy.orm import Session

from content.models import Article, ContentClass, Topic, WordList
from content.queries.submissions import find_standing_submission
from content.rules.drafts import Draft
from content.rules.review import step_due
from content.service import assets, drafting, reviewing, words
from content.service.managed import latest_revision
from miniprogram_api.kernel import files
from miniprogram_api.kernel.clock import now
from miniprogram_api.kernel.db import atomic
from tests.factories.content import body_of, heading, make_draft, make_topic
from tests.factories.staff import open_session
from tests.support.pages import PageClient
from tests.support.publishing import (
    Desk,
    approved_article,
    make_desk,
    publish_article,
    schedule,
    staff_actor,
    submit,
    write_article,
)

FIRST = "光伏板在低温下效率更高，长春冬天晴天多，发电并不少。积雪要及时清理，清一次雪用不了半小时。"
CHANGED = "光伏板在低温下效率更高，长春冬天晴天多，一天能发两三度电。积雪要及时清理，清一次雪用不了半小时。"


@dataclass(frozen=True)
class Shelf:
    """Articles in each state, by their names."""

    desk: Desk
    topic: Topic
    articles: dict[str, Article]

    def at(self, name: str, path: str = "") -> str:
        return at(self.articles[name], path)


def at(article: Article, path: str = "") -> str:
    """An address of an article's pages."""
    return f"/console/content/articles/{article.id}{path}"


def sit_down(app: Flask, staff_id: UUID) -> PageClient:
    """Somebody at the console, signed in."""
    with atomic() as session:
        return PageClient(app, open_session(session, staff_id))


def rewrite(session: Session, article: Article, staff_id: UUID, **changes: Any) -> None:
    """Save another text over the latest one."""
    draft = replace(drafting.draft_of(latest_revision(session, article)), **changes)
    drafting.save_revision(
        session,
        article,
        draft,
        base_number=article.latest_number,
        staff_id=staff_id,
        actor=staff_actor(staff_id),
        autosaved=False,
        now=now(),
    )


def stored_picture(session: Session, staff_id: UUID, colour: str = "seagreen") -> UUID:
    """A picture of the library whose file is there."""
    content = io.BytesIO()
    Image.new("RGB", (1200, 675), colour).save(content, "JPEG")
    stored = files.current().save_image(content.getvalue())
    asset = assets.add_asset(
        session,
        stored,
        [],
        title="屋顶光伏",
        alt="积雪的屋顶上的光伏板",
        source="编辑部",
        licence="自有版权",
        organisation_id=None,
        site_id=None,
        staff_id=staff_id,
        actor=staff_actor(staff_id),
        now=now(),
    )
    return asset.id


def text(**values: Any) -> Draft:
    """A text of several blocks."""
    return make_draft(
        **{
            "body": body_of(
                heading("冬天也能发电"),
                FIRST,
                heading("怎么装", 3),
                "倾角比纬度大十度左右，雪更容易滑落。" * 3,
                "并网以后用不完的电可以卖给电网。",
            )
        }
        | values
    )


def fill_shelf(session: Session) -> Shelf:
    """An article in each state, each with its own title."""
    desk = make_desk(session)
    desk = Desk(desk.writer, desk.reviewers, stored_picture(session, desk.writer))
    topic = make_topic(session, "零碳校园", summary="学校怎样一步步接近零碳。")
    common: dict[str, Any] = {"cover_asset_id": str(desk.cover), "topic_ids": [str(topic.id)]}
    made: dict[str, Article] = {}

    def written(name: str, **values: Any) -> Article:
        made[name] = write_article(session, desk, draft=text(title=name, **common, **values))
        return made[name]

    written("草稿：热泵怎么选")
    made["还缺封面"] = write_article(session, desk, draft=text(title="还缺封面"))
    for name, content_class in (
        ("等初审的光伏", ContentClass.NORMAL),
        ("等复审的热泵", ContentClass.IMPORTANT),
        ("等初审的碳普惠", ContentClass.SENSITIVE),
    ):
        submit(session, desk, written(name, content_class=content_class))
    _approve_once(session, desk, made["等复审的热泵"])
    returned = written("被退回的分类")
    _return(session, desk, returned)
    made["等发布的电车"] = approved_article(session, desk, draft=text(title="等发布的电车", **common))
    planned = approved_article(session, desk, draft=text(title="定时的供暖", **common))
    schedule(session, desk, planned, now() + timedelta(days=2))
    made["定时的供暖"] = planned
    made["已发布的学校"] = publish_article(session, desk=desk, draft=text(title="已发布的学校", **common))
    edited = publish_article(session, desk=desk, draft=text(title="已发布又在改的光伏", **common))
    rewrite(session, edited, desk.writer, body=body_of(heading("冬天也能发电"), CHANGED, "新加的一段。"))
    made["已发布又在改的光伏"] = edited
    words.add_word(
        session, of=WordList.WRONG, word="碳普会", suggestion="碳普惠", staff_id=desk.publisher,
        actor=staff_actor(desk.publisher), now=now(),
    )  # fmt: skip
    return Shelf(desk, topic, made)


def _approve_once(session: Session, desk: Desk, article: Article) -> None:
    submission = find_standing_submission(session, article.id)
    assert submission is not None
    reviewing.approve_step(
        session,
        article,
        content_hash=submission.content_hash,
        step=step_due(submission.approved_steps),
        reviewer_id=desk.reviewers[0],
        actor=staff_actor(desk.reviewers[0]),
        now=now(),
    )


def _return(session: Session, desk: Desk, article: Article) -> None:
    submission = submit(session, desk, article)
    reviewing.return_submission(
        session,
        article,
        content_hash=submission.content_hash,
        step=reviewing.STEPS[0],
        note="第二段的数字请注明来源。",
        block=1,
        reviewer_id=desk.reviewers[0],
        actor=staff_actor(desk.reviewers[0]),
        now=now(),
    )
