"""Drafts between the editor and the services: as a script sends one, and as it gets one."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

from flask import url_for
from sqlalchemy.orm import Session

from content import rendering
from content.errors import DraftRefused
from content.queries.pictures import picture_of, pictures_of
from content.queries.readiness import list_open_points
from content.rules.drafts import Draft
from content.service import Article, ArticleKind, Asset, Audience, ContentClass
from miniprogram_api.console.scope import ids_of
from miniprogram_api.console.views.content.marking import list_of, say_place_of
from miniprogram_api.kernel.errors import FieldError
from miniprogram_api.sites.queries import names_of_sites
from miniprogram_api.web import messages

_Choice = TypeVar("_Choice", bound=StrEnum)
_TEXTS = ("title", "summary", "byline", "source_name", "source_url")
_LISTS = ("topic_ids", "site_ids", "technologies")


def read_draft(body: Mapping[str, Any]) -> Draft:
    """The draft that a script sent, in the one spelling. Raises DraftRefused, DocumentRefused."""
    sent = body.get("draft")
    if not isinstance(sent, dict):
        raise DraftRefused(fields=[FieldError("draft", "field.type")])
    wrong = [*_wrong(sent)]
    if wrong:
        raise DraftRefused(fields=[FieldError(name, "field.type") for name in wrong])
    rendering.validate(sent.get("body"))
    given: dict[str, Any] = {name: sent.get(name, "") for name in _TEXTS}
    given |= {name: tuple(sent.get(name, ())) for name in _LISTS}
    return Draft(
        **given,
        kind=_chosen(ArticleKind, sent, "kind"),
        content_class=_chosen(ContentClass, sent, "content_class"),
        audience=_chosen(Audience, sent, "audience"),
        cover_asset_id=sent.get("cover_asset_id") or None,
        body=rendering.normalised(sent["body"]),
        quiz=tuple(_question(question) for question in sent.get("quiz", ())),
    )


def _wrong(sent: Mapping[str, Any]) -> Iterable[str]:
    """The fields that are not of the kind they should be."""
    yield from (name for name in _TEXTS if not isinstance(sent.get(name, ""), str))
    yield from (name for name in _LISTS if not _is_list_of(sent.get(name, []), str))
    if not isinstance(sent.get("cover_asset_id") or "", str):
        yield "cover_asset_id"
    quiz = sent.get("quiz", [])
    if not _is_list_of(quiz, dict) or not all(map(_is_question, quiz)):
        yield "quiz"


def _is_list_of(value: object, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(each, kind) for each in value)


def _is_question(question: Mapping[str, Any]) -> bool:
    options = question.get("options")
    return (
        all(isinstance(question.get(name, ""), str) for name in ("id", "text", "explanation"))
        and _is_list_of(question.get("right"), str)
        and _is_list_of(options, dict)
        and all(isinstance(option.get(name), str) for option in options or () for name in ("id", "text"))
    )


def _question(question: Mapping[str, Any]) -> dict[str, Any]:
    options = [{"id": option["id"], "text": option["text"]} for option in question["options"]]
    texts = {name: question.get(name, "") for name in ("id", "text", "explanation")}
    return {**texts, "options": options, "right": list(question["right"])}


def _chosen(choices: type[_Choice], sent: Mapping[str, Any], name: str) -> _Choice:
    try:
        return choices(str(sent.get(name)))
    except ValueError:
        raise DraftRefused(fields=[FieldError(name, "field.choice")]) from None


def draft_facts(draft: Draft) -> dict[str, Any]:
    """A draft as the editor reads it."""
    return {
        **{name: getattr(draft, name) for name in _TEXTS},
        **{name: list(getattr(draft, name)) for name in _LISTS},
        "kind": draft.kind.value,
        "content_class": draft.content_class.value,
        "audience": draft.audience.value,
        "cover_asset_id": draft.cover_asset_id,
        "body": draft.body,
        "quiz": [dict(question) for question in draft.quiz],
    }


def picture_facts(picture: rendering.Picture, alt: str, title: str = "") -> dict[str, Any]:
    """A picture as the editor shows it; `thumb` is the smallest of its sizes."""
    narrow = min(picture.srcset, key=lambda size: size[1], default=(picture.src, picture.width))
    return {
        "id": picture.asset_id,
        "src": picture.src,
        "thumb": narrow[0],
        "width": picture.width,
        "height": picture.height,
        "alt": alt,
        "title": title,
    }


def asset_facts(asset: Asset) -> dict[str, Any]:
    """The same of a picture of the library."""
    return picture_facts(picture_of(asset), asset.alt, asset.title)


def pictures_in(session: Session, draft: Draft) -> dict[str, dict[str, Any]]:
    """Every picture that a draft shows, by its id; one statement."""
    wanted = [draft.cover_asset_id, *rendering.asset_ids(draft.body)]
    found = pictures_of(session, ids_of(wanted))
    return {asset_id: picture_facts(picture, alt) for asset_id, (picture, alt) in found.items()}


def site_names(session: Session, draft: Draft) -> dict[str, str]:
    """What the sites of a draft are called; one statement."""
    return {str(site_id): name for site_id, name in names_of_sites(session, ids_of(draft.site_ids)).items()}


def open_points(session: Session, article: Article, draft: Draft) -> list[dict[str, Any]]:
    """What keeps a draft from being submitted, in words, each with the place that a click leads to."""
    return [_point(article, point) for point in list_open_points(session, article, draft)]


def _point(article: Article, point: FieldError) -> dict[str, Any]:
    name, _, rest = point.field.partition("[")
    block = int(rest.partition("]")[0]) if name == "content" and rest else None
    text, of = messages.text(point.code, point.params, english=False), list_of(point)
    told = {"field": name if block is None else "body", "block": block, "text": text}
    if of is None:
        return told
    keep = url_for("console.keep_word", article_id=article.id, list=of.value, word=point.params["word"])
    return told | {"text": f"{say_place_of(name, block)}：{text}", "keep": keep}
