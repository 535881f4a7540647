"""The articles of a bench as rows: reviewed, published, under topics and about sites, in portions."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from content import rendering
from content.models import (
    Article,
    ArticleKind,
    ArticleSite,
    Audience,
    ContentClass,
    Decision,
    Placement,
    Review,
    Revision,
    Standing,
    Step,
    Submission,
    SubmissionState,
)
from content.rules.drafts import Draft
from miniprogram_api.devtools.bench.sites import WORDS
from miniprogram_api.kernel.db import Model
from miniprogram_api.kernel.ids import new_id

TOPICS = 20
_AT_ONCE = 1_000
_SEED = 20261130
_SENTENCES = (
    "{}在长春的冬天也能用好，关键在设计和运行。",
    "这里用实测数据说明{}每年能减少多少排放。",
    "学校和社区可以从{}开始，花费不大。",
    "有人担心{}的寿命，答案要看维护。",
    "与{}配合的还有分时电价和 EMS 调度。",
)


@dataclass(slots=True)
class ArticleRows:
    """Rows by table in the order of their keys, and what the search is told."""

    tables: dict[type[Model], list[dict[str, Any]]] = field(
        default_factory=lambda: {
            model: [] for model in (Article, Revision, Submission, Review, Placement, ArticleSite)
        }
    )
    documents: list[tuple[UUID, str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Who wrote and reviewed, and what articles are about."""

    writer: UUID
    reviewer: UUID
    topics: Sequence[UUID]
    sites: Sequence[UUID]


NOWHERE = Surroundings(UUID(int=0), UUID(int=0), (), ())


def article_rows(count: int, around: Surroundings, *, now: datetime) -> Iterator[ArticleRows]:
    """So many articles in portions, the same ones every time but for their ids; the first is the newest."""
    chance = random.Random(_SEED)
    for start in range(0, count, _AT_ONCE):
        rows = ArticleRows()
        for number in range(start, min(start + _AT_ONCE, count)):
            _add(rows, number, around, chance, now)
        yield rows


def _add(rows: ArticleRows, number: int, around: Surroundings, chance: random.Random, now: datetime) -> None:
    word, other = chance.sample(WORDS, 2)
    at = now - timedelta(minutes=number + 1)
    sentences = chance.sample(_SENTENCES, 3)
    texts = [sentence.format(chosen) for sentence, chosen in zip(sentences, (word, other, word), strict=True)]
    body = {"type": "doc", "content": [_paragraph(text) for text in texts]}
    topic, site = chance.choice(around.topics), chance.choice(around.sites)
    draft = Draft(
        title=f"示例：{word}怎么用 {number}",
        kind=list(ArticleKind)[number % 3],
        body=body,
        summary=f"{other}与{word}的一次比较。",
        topic_ids=[str(topic)],
        site_ids=[str(site)],
        technologies=[word],
    )
    article_id, revision = new_id(), _revision(draft, around.writer, at)
    revision["article_id"] = article_id
    rows.tables[Article].append(_article(article_id, draft, revision["id"], around.writer, at))
    rows.tables[Revision].append(revision)
    _add_review(rows, article_id, revision, around, at)
    rows.tables[Placement].append({"topic_id": topic, "article_id": article_id})
    rows.tables[ArticleSite].append({"site_id": site, "article_id": article_id})
    said = "\n".join([draft.summary, word, *texts])
    rows.documents.append((article_id, draft.title, said))


def _paragraph(text: str) -> dict[str, Any]:
    return {"type": "paragraph", "content": [{"type": "text", "text": text}]}


def _article(article_id: UUID, draft: Draft, revision_id: UUID, writer: UUID, at: datetime) -> dict[str, Any]:
    empty = ("organisation_id", "site_id", "deleted_at", "cover_asset_id", "pinned_until", "expires_at")
    return {
        **dict.fromkeys((*empty, "retracted_at", "retract_reason")),
        "id": article_id,
        "owner_id": writer,
        "created_at": at,
        "edited_at": at,
        "latest_number": 1,
        "standing": Standing.LIVE,
        "live_revision_id": revision_id,
        "title": draft.title,
        "kind": draft.kind,
        "summary": draft.summary,
        "published_at": at,
        "changed_at": at,
        "pinned": False,
    }


def _revision(draft: Draft, writer: UUID, at: datetime) -> dict[str, Any]:
    return {
        "id": new_id(),
        "number": 1,
        "content_hash": draft.content_hash,
        "title": draft.title,
        "summary": draft.summary,
        "body": draft.body,
        "cover_asset_id": None,
        "kind": draft.kind,
        "content_class": ContentClass.NORMAL,
        "audience": Audience.EVERYONE,
        "topic_ids": list(draft.topic_ids),
        "site_ids": list(draft.site_ids),
        "technologies": list(draft.technologies),
        "byline": "",
        "source_name": "",
        "source_url": "",
        "quiz": [],
        "characters": rendering.characters(dict(draft.body)),
        "autosaved": False,
        "restored_from": None,
        "saved_by": writer,
        "saved_at": at,
    }


def _add_review(
    rows: ArticleRows, article_id: UUID, revision: dict[str, Any], around: Surroundings, at: datetime
) -> None:
    """The text was put forward and passed, as everything that is shown was."""
    submission = {
        "id": new_id(),
        "article_id": article_id,
        "revision_id": revision["id"],
        "content_hash": revision["content_hash"],
        "steps": 1,
        "approved_steps": 1,
        "state": SubmissionState.APPROVED,
        "submitted_by": around.writer,
        "submitted_at": at,
        "state_at": at,
    }
    rows.tables[Submission].append(submission)
    rows.tables[Review].append(
        {
            **dict.fromkeys(("note", "block", "quote", "undone_at")),
            "id": new_id(),
            "submission_id": submission["id"],
            "content_hash": revision["content_hash"],
            "step": Step.FIRST,
            "decision": Decision.APPROVED,
            "reviewer_id": around.reviewer,
            "decided_at": at,
        }
    )
