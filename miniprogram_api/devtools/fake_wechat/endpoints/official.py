"""The official account: pictures and permanent material, drafts, and the queue of what is to be published."""

import io
import re
import threading
from typing import Any

from PIL import Image, UnidentifiedImageError
from werkzeug.formparser import FormDataParser
from werkzeug.http import parse_options_header

from miniprogram_api.devtools.fake_wechat.checks import account_by_token, parse_object, require_method
from miniprogram_api.devtools.fake_wechat.publications import finish_later
from miniprogram_api.devtools.fake_wechat.records import Account, AccountKind, Draft, Material, Publication
from miniprogram_api.devtools.fake_wechat.state import State
from miniprogram_api.devtools.fake_wechat.wire import Call, Reply, WeChatError, json_reply

MAX_INLINE_BYTES = 1024 * 1024
MAX_MATERIAL_BYTES = 10 * 1024 * 1024
MAX_ARTICLES = 8
MAX_TITLE, MAX_AUTHOR, MAX_DIGEST = 32, 16, 120
MAX_CONTENT, MAX_SOURCE = 20_000, 1024
LIMITS = (
    ("author", MAX_AUTHOR, 45110),
    ("digest", MAX_DIGEST, 45004),
    ("content_source_url", MAX_SOURCE, 45007),
)
MATERIAL_TYPES = {"image", "thumb", "voice", "video"}
FORMATS = {"JPEG", "PNG"}
FORBIDDEN = re.compile(r"<\s*(script|iframe|object|form)|\son[a-z]+\s*=|javascript:", re.IGNORECASE)
PICTURE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
SOURCE = re.compile(r"\bsrc\s*=\s*[\"']([^\"']*)[\"']", re.IGNORECASE)


def uploadimg(state: State, call: Call) -> Reply:
    """Take a picture for the text of an article; answers an address that is good nowhere else."""
    require_method(call, "POST")
    with state.lock:
        _official(state, call)
        _read_file(call, most=MAX_INLINE_BYTES)
        url = f"http://mmbiz.qpic.cn/mmbiz_png/{state.random_text(40)}/0?wx_fmt=png"
        state.official.pictures.append(url)
    return json_reply({"url": url})


def add_material(state: State, call: Call) -> Reply:
    """Take a file for good; articles have their covers from here."""
    require_method(call, "POST")
    return _keep_material(state, call, permanent=True)


def upload_media(state: State, call: Call) -> Reply:
    """Take a file for three days; it is good for messages, not for covers."""
    require_method(call, "POST")
    return _keep_material(state, call, permanent=False)


def draft_add(state: State, call: Call) -> Reply:
    """Keep articles as a draft; pictures that were not uploaded for a text are dropped from it."""
    require_method(call, "POST")
    with state.lock:
        account = _official(state, call)
        articles = parse_object(call).get("articles")
        if not isinstance(articles, list) or not 1 <= len(articles) <= MAX_ARTICLES:
            raise WeChatError(47001)
        kept = [_checked(state, account, article) for article in articles]
        media_id = state.random_text(64)
        state.official.drafts[media_id] = Draft(media_id, account.appid, kept)
    return json_reply({"media_id": media_id})


def draft_delete(state: State, call: Call) -> Reply:
    """Throw a draft away."""
    require_method(call, "POST")
    with state.lock:
        account = _official(state, call)
        draft = _find_draft(state, account, parse_object(call).get("media_id"))
        del state.official.drafts[draft.media_id]
    return json_reply({"errcode": 0, "errmsg": "ok"})


def freepublish_submit(state: State, call: Call) -> Reply:
    """Queue a draft: nought means that much and no more. The draft is used up."""
    require_method(call, "POST")
    with state.lock:
        account = _official(state, call)
        if account.personal or not account.certified:
            raise WeChatError(48001)
        draft = _find_draft(state, account, parse_object(call).get("media_id"))
        del state.official.drafts[draft.media_id]
        number = str(state.new_msgid())
        publication = Publication(number, account.appid, draft, article_id=state.random_text(43))
        state.official.publications[number] = publication
        if not state.settings.publish_held:
            job = threading.Thread(target=finish_later, args=(state, publication), daemon=True)
            state.pushing.append(job)
            job.start()
    return json_reply({"errcode": 0, "errmsg": "ok", "publish_id": number, "msg_data_id": state.new_msgid()})


def freepublish_get(state: State, call: Call) -> Reply:
    """How far a publication has come."""
    require_method(call, "POST")
    with state.lock:
        account = _official(state, call)
        asked = parse_object(call).get("publish_id")
        publication = state.official.publications.get(asked) if isinstance(asked, str) else None
        if publication is None or publication.appid != account.appid:
            raise WeChatError(40007)
        return json_reply(publication.describe())


def _official(state: State, call: Call) -> Account:
    return account_by_token(state, call, kind=AccountKind.OA)


def _find_draft(state: State, account: Account, media_id: object) -> Draft:
    draft = state.official.drafts.get(media_id) if isinstance(media_id, str) else None
    if draft is None or draft.appid != account.appid:
        raise WeChatError(40007)
    return draft


def _keep_material(state: State, call: Call, *, permanent: bool) -> Reply:
    with state.lock:
        account = _official(state, call)
        if call.query.get("type") not in MATERIAL_TYPES:
            raise WeChatError(40004)
        content = _read_file(call, most=MAX_MATERIAL_BYTES)
        media_id = state.random_text(64)
        state.official.materials[media_id] = Material(
            media_id, account.appid, permanent=permanent, size=len(content)
        )
    payload: dict[str, Any] = {"media_id": media_id}
    if permanent:
        payload["url"] = f"http://mmbiz.qpic.cn/mmbiz_jpg/{media_id}/0?wx_fmt=jpeg"
    return json_reply(payload)


def _read_file(call: Call, *, most: int) -> bytes:
    """The file of the field `media`; 41005 without one, 40005 for no picture, 40009 for too large a one."""
    kind, options = parse_options_header(call.headers.get("Content-Type", ""))
    if kind != "multipart/form-data":
        raise WeChatError(41005)
    _, _, files = FormDataParser(silent=True).parse(io.BytesIO(call.body), kind, len(call.body), options)
    file = files.get("media")
    if file is None or not file.filename:
        raise WeChatError(41005)
    content: bytes = file.stream.read()
    try:
        with Image.open(io.BytesIO(content)) as picture:
            known = picture.format in FORMATS
    except (UnidentifiedImageError, OSError):
        known = False
    if not known:
        raise WeChatError(40005)
    if len(content) > most:
        raise WeChatError(40009)
    return content


def _checked(state: State, account: Account, article: object) -> dict[str, Any]:
    if not isinstance(article, dict):
        raise WeChatError(47001)
    title, content = article.get("title"), article.get("content")
    if not isinstance(title, str) or not title or len(title) > MAX_TITLE:
        raise WeChatError(45003)
    limits = (
        ("author", MAX_AUTHOR, 45110),
        ("digest", MAX_DIGEST, 45004),
        ("content_source_url", MAX_SOURCE, 45007),
    )
    for name, most, errcode in limits:
        value = article.get(name, "")
        if not isinstance(value, str) or len(value) > most:
            raise WeChatError(errcode)
    if not isinstance(content, str) or not content.strip():
        raise WeChatError(44004)
    if len(content) > MAX_CONTENT or FORBIDDEN.search(content):
        raise WeChatError(45166)
    cover = state.official.materials.get(str(article.get("thumb_media_id")))
    if cover is None or cover.appid != account.appid or not cover.permanent:
        raise WeChatError(40007)

    def keep_own(found: re.Match[str]) -> str:
        source = SOURCE.search(found[0])
        return found[0] if source and source[1].replace("&amp;", "&") in state.official.pictures else ""

    return {**article, "content": PICTURE.sub(keep_own, content)}
