"""What keeps a draft from being put forward for review: everything at once, in the order of the page."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from content import rendering
from content.models import WordList
from content.rules.drafts import Draft
from content.rules.words_check import Mark
from miniprogram_api.kernel.errors import FieldError

# Whose pages an article may link to; those below them too.
LINK_HOSTS: Collection[str] = (
    "gov.cn",
    "edu.cn",
    "xinhuanet.com",
    "people.com.cn",
    "cctv.com",
    "weixin.qq.com",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What there is of that which a draft names: texts of ids, and descriptions of pictures by id.

    `marks` are the listed words in it that nobody has allowed.
    """

    pictures: Mapping[str, str] = field(default_factory=dict)
    topic_ids: Collection[str] = ()
    article_ids: Collection[str] = ()
    site_ids: Collection[str] = ()
    marks: Collection[Mark] = ()


def checklist(draft: Draft, known: Known, link_hosts: Collection[str] = LINK_HOSTS) -> list[FieldError]:
    """Every open point; a field `content[3]` is the fourth block of the body, whose params count from 1."""
    return [
        *_head(draft, known),
        *_source(draft, link_hosts),
        *_body(draft, known, link_hosts),
        *_links(draft, known),
        *_quiz(draft),
        *map(_mark, known.marks),
    ]


def _head(draft: Draft, known: Known) -> Iterator[FieldError]:
    if not draft.title.strip():
        yield FieldError("title", "content.title_missing")
    if not draft.summary.strip():
        yield FieldError("summary", "content.summary_missing")
    if draft.cover_asset_id is None:
        yield FieldError("cover_asset_id", "content.cover_missing")
    elif draft.cover_asset_id not in known.pictures:
        yield FieldError("cover_asset_id", "content.cover_gone")
    elif not known.pictures[draft.cover_asset_id].strip():
        yield FieldError("cover_asset_id", "content.cover_alt_missing")
    if set(draft.topic_ids) - set(known.topic_ids):
        yield FieldError("topic_ids", "content.topic_gone")
    if set(draft.site_ids) - set(known.site_ids):
        yield FieldError("site_ids", "content.site_gone")


def _source(draft: Draft, link_hosts: Collection[str]) -> Iterator[FieldError]:
    """The source's address is a link like those of the body."""
    if draft.source_url:
        host = rendering.web_host(draft.source_url)
        if host is None:
            yield FieldError("source_url", "content.source_url")
        elif not rendering.host_allowed(host, link_hosts):
            yield FieldError("source_url", "content.source_host", {"host": host})


def _body(draft: Draft, known: Known, link_hosts: Collection[str]) -> Iterator[FieldError]:
    for blocker in rendering.blockers(draft.body, link_hosts):
        where = "body" if blocker.block is None else f"content[{blocker.block}]"
        yield FieldError(where, blocker.code, blocker.params)
    for number, block in enumerate(draft.body.get("content") or ()):
        if block["type"] == "image" and block["attrs"]["assetId"] not in known.pictures:
            yield FieldError(f"content[{number}]", "content.picture_gone", {"block": number + 1})


def _links(draft: Draft, known: Known) -> Iterator[FieldError]:
    there = {"article": known.article_ids, "site": known.site_ids}
    for link in rendering.link_targets(draft.body):
        if link.target in there and link.id not in there[link.target]:
            params = {"block": link.block + 1, "target": link.text}
            yield FieldError(f"content[{link.block}]", "content.link_broken", params)


def _quiz(draft: Draft) -> Iterator[FieldError]:
    for number, question in enumerate(draft.quiz, start=1):
        for code in _faults(question):
            yield FieldError(f"quiz[{number - 1}]", code, {"question": number})


def _faults(question: Mapping[str, Any]) -> Iterator[str]:
    options = list(question.get("options") or ())
    if not str(question.get("text") or "").strip():
        yield "content.quiz_text"
    if len(options) < 2 or not all(str(option.get("text") or "").strip() for option in options):
        yield "content.quiz_options"
    right = set(question.get("right") or ())
    if not right or right - {option.get("id") for option in options}:
        yield "content.quiz_right"


def _mark(mark: Mark) -> FieldError:
    in_body = mark.place in {"body", "alt"} and mark.block is not None
    field = "cover_asset_id" if mark.place == "cover" else mark.place
    where = f"content[{mark.block}]" if in_body else field
    params = {"word": mark.word, "suggestion": mark.suggestion or "", "context": mark.context}
    unsure = mark.list is WordList.WRONG and not mark.suggestion
    code = "content.word_doubtful" if unsure else f"content.word_{mark.list.value}"
    return FieldError(where, code, params)
