"""Posters of articles: drawn once, outside any transaction, for WeChat is asked for the code on them."""

import hashlib
import threading
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path
from uuid import UUID

from flask import Response, current_app, request

from content.models import Article, Asset
from content.poster import PosterFiles, PosterText, draw, find_font
from content.poster_codes import PosterCodes
from content.queries.article import find_cover, get_shown_article
from content.rules.words import KINDS
from miniprogram_api.kernel import clock, files
from miniprogram_api.kernel.db import reading
from miniprogram_api.kernel.errors import Unavailable
from miniprogram_api.kernel.files import FileMissing
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import public
from miniprogram_api.web.limits import limited
from miniprogram_api.web.schemas import parse_id

blp = Routes("posters", __name__, url_prefix="/api/v1/articles", description="Articles as pictures to share")

_KEPT_S = 5  # what is taken back is gone as soon; until then the tag spares the bytes
_PICTURE = {"type": "string", "format": "binary"}
_DRAWN_AT_ONCE, _WAIT_S = 2, 1.0
_drawing = threading.BoundedSemaphore(_DRAWN_AT_ONCE)  # a picture takes a lot of memory while it is drawn


@blp.get("/<string:article_id>/poster.png")
@public
@limited("poster", "30/minute", per="ip")
@blp.response(HTTPStatus.OK, _PICTURE, content_type="image/png")
@blp.alt_response(HTTPStatus.GONE, "GONE")
def show_poster(article_id: str) -> Response:
    """A picture to share: cover, title, and the mini-program code of the article where WeChat gives one."""
    with reading() as session:
        article, revision = get_shown_article(session, parse_id(article_id), now=clock.now())
        cover = find_cover(session, article)
    drawn = PosterFiles(current_app.extensions["settings"].data_dir / "posters")
    picture = drawn.find(article.id, revision.content_hash)
    if picture is None:
        code = _find_code(article.id)
        picture = _draw(article, cover, code)
        if code is not None:
            drawn.keep(article.id, revision.content_hash, picture)
    return _answer(picture)


def _find_code(article_id: UUID) -> bytes | None:
    """The code, unless WeChat gives none now: a poster without it is better than none."""
    codes: PosterCodes = current_app.extensions.setdefault("poster_codes", PosterCodes())
    return codes.find(current_app.extensions["wechat"], article_id)


def _draw(article: Article, cover: Asset | None, code: bytes | None) -> bytes:
    """The picture. Raises Unavailable when as many as may be are being drawn."""
    if not _drawing.acquire(timeout=_WAIT_S):
        raise Unavailable(retry_after_s=2)
    try:
        return _draw_now(article, cover, code)
    finally:
        _drawing.release()


def _draw_now(article: Article, cover: Asset | None, code: bytes | None) -> bytes:
    font = find_font(current_app.extensions["settings"].data_dir)
    text = PosterText(KINDS[article.kind], article.title, article.summary)
    return draw(text, cover=_find_file(cover), code=code, font=font)


def _find_file(cover: Asset | None) -> Path | None:
    if cover is None:
        return None
    with suppress(FileMissing):
        return files.current().path_of(cover.file_name)
    return None


def _answer(picture: bytes) -> Response:
    answer = Response(picture, content_type="image/png")
    answer.set_etag(hashlib.sha256(picture).hexdigest()[:32])
    answer.cache_control.public, answer.cache_control.max_age = True, _KEPT_S
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.make_conditional(request)
    return answer
