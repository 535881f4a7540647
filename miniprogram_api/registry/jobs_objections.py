"""Background work of objections: check the content, deliver, ask for the answer, and forget on time.

Each sweep claims what is due in one transaction, calls outside of any, and settles in another; a worker that
dies in between leaves a claim that runs out.
"""

from collections.abc import Callable
from uuid import UUID

import structlog
from flask import current_app
from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock, files
from miniprogram_api.kernel.db import after_commit, atomic, reading, retrying
from miniprogram_api.kernel.errors import Unavailable
from miniprogram_api.kernel.events import subscribe
from miniprogram_api.kernel.files import FileMissing
from miniprogram_api.kernel.tasks import periodic, run_soon
from miniprogram_api.registry import sources
from miniprogram_api.registry.events_objections import ObjectionFiled, ObjectionMoved
from miniprogram_api.registry.models import Finding, ObjectionState
from miniprogram_api.registry.rules.objections import FILES
from miniprogram_api.registry.service import objection_checks as checks
from miniprogram_api.registry.service import objection_delivery as delivery
from miniprogram_api.registry.service import objection_erasure as erasure
from miniprogram_api.registry.service.objection_checks import Material, Turn
from miniprogram_api.registry.service.objection_delivery import Parcel
from miniprogram_api.registry.sources import Filed, RegistrySource, SourceRefused, SourceUnavailable
from miniprogram_api.web.picture_links import path_for_check
from miniprogram_api.wechat.errors import TextUnchecked, WeChatUnavailable
from miniprogram_api.wechat.events import PictureJudged
from miniprogram_api.wechat.gateway import Gateway
from miniprogram_api.wechat.moderation import TextScene

log = structlog.get_logger(__name__)

_AT_ONCE = 50
# The registry did not look at the objection itself: our standing with it, or its pace, is in the way.
_NOT_ABOUT_IT = frozenset({401, 403, 408, 409, 425, 429})


@periodic("registry.check_objections")
def check_objections() -> None:
    """Have the content of new objections checked."""
    _take_turns(ObjectionState.CHECKING, _check)


@periodic("registry.deliver_objections")
def deliver_objections() -> None:
    """Give the registry what is ready for it."""
    source = sources.current()
    if source is not None:
        _take_turns(ObjectionState.QUEUED, lambda turn: _deliver(source, turn))


@periodic("registry.follow_objections", every_minutes=5)
def follow_objections() -> None:
    """Ask the registry what became of the objections it has."""
    source = sources.current()
    if source is not None:
        _take_turns(ObjectionState.DELIVERED, lambda turn: _follow(source, turn))


@periodic("registry.erase_objections", every_minutes=60)
def erase_objections() -> None:
    """Forget unused pictures after a day, and who objected two years after the end."""
    while _sweep_files() == erasure.BATCH:
        pass
    while _erase_batch() == erasure.BATCH:
        pass


@retrying
def _sweep_files() -> int:
    with atomic() as session:
        return erasure.sweep_files(session, now=clock.now())


@retrying
def _erase_batch() -> int:
    with atomic() as session:
        return erasure.erase_due(session, now=clock.now())


@subscribe(ObjectionFiled, name="registry.check_filed_objection")
def check_filed(session: Session, _: ObjectionFiled) -> None:
    """Have it checked now, not in a minute."""
    after_commit(session, lambda: run_soon("registry.check_objections"))


@subscribe(ObjectionMoved, name="registry.deliver_queued_objection")
def deliver_queued(session: Session, event: ObjectionMoved) -> None:
    """Have it delivered as soon as it is ready."""
    if event.after == ObjectionState.QUEUED:
        after_commit(session, lambda: run_soon("registry.deliver_objections"))


def _take_turns(state: ObjectionState, take: Callable[[Turn], None]) -> None:
    while turns := _claim(state):
        for turn in turns:
            try:
                take(turn)
            except Exception:  # one must not hold up the others; its lease brings it back
                log.exception("objection_turn_failed", objection_id=str(turn.objection_id))
        if len(turns) < _AT_ONCE:
            return


@retrying
def _claim(state: ObjectionState) -> list[Turn]:
    with atomic() as session:
        return checks.claim(session, states=[state], now=clock.now(), limit=_AT_ONCE)


def _check(turn: Turn) -> None:
    with reading() as session:
        material = checks.read_material(session, turn)
    if material is None:
        return
    gateway: Gateway = current_app.extensions["wechat"]
    try:
        if material.text is not None:
            _check_text(gateway, turn, material, material.text)
        else:
            _check_pictures(gateway, turn, material)
    except TextUnchecked:
        with atomic() as session:
            checks.settle_unchecked(session, turn, now=clock.now())
    except WeChatUnavailable as error:
        with atomic() as session:
            checks.settle_down(session, turn, error=error.code, now=clock.now())


def _check_text(gateway: Gateway, turn: Turn, material: Material, text: str) -> None:
    verdict = gateway.check_text(material.openid, TextScene.FORUM, text, title=material.title)
    with atomic() as session:
        checks.settle_text(session, turn, Finding(verdict.suggest.value), now=clock.now())
    with reading() as session:
        rest = checks.read_material(session, turn)
    if rest is not None and rest.pictures:
        _check_pictures(gateway, turn, rest)


def _check_pictures(gateway: Gateway, turn: Turn, material: Material) -> None:
    """Submit the pictures; what was submitted and not judged within its time is left to a person."""
    settings = current_app.extensions["settings"]
    # Without an address WeChat can fetch from, or a push to hear from it, nothing would ever come of it.
    if not (material.pictures and settings.public_base_url and settings.wechat_push_token):
        with atomic() as session:
            checks.settle_unchecked(session, turn, now=clock.now())
        return
    for file_id in material.pictures:
        url = settings.public_base_url.rstrip("/") + path_for_check(FILES, file_id, clock.now())
        check_id = gateway.check_image(material.openid, TextScene.FORUM, url)
        with atomic() as session:
            checks.settle_submission(session, turn, file_id, check_id, now=clock.now())


@subscribe(PictureJudged, name="registry.note_picture")
def note_picture(session: Session, event: PictureJudged) -> None:
    """Keep a picture's verdict; one that comes before its id was noted is delivered again later."""
    if not checks.note_finding(session, event.check_id, Finding(event.suggest), now=clock.now()):
        raise Unavailable


def _deliver(source: RegistrySource, turn: Turn) -> None:
    with atomic() as session:
        delivery.drop_if_consent_is_gone(session, turn, now=clock.now())
    with reading() as session:
        parcel = delivery.pack(session, turn)
    if parcel is None:
        return
    try:
        filed = _send(source, turn.objection_id, parcel)
    except SourceUnavailable as error:
        _postpone(turn, error.reason, error.retry_after_s)
    except SourceRefused as error:
        if error.status in _NOT_ABOUT_IT or error.status >= 500:
            _postpone(turn, error.code)
        else:
            _return(turn, error.code)
    else:
        with atomic() as session:
            delivery.settle_delivered(session, turn, filed, now=clock.now())


def _send(source: RegistrySource, objection_id: UUID, parcel: Parcel) -> Filed:
    try:
        pictures = [
            (name, media_type, files.private().path_of(name).read_bytes())
            for name, media_type in parcel.files
        ]
    except (FileMissing, OSError):
        raise SourceUnavailable("a picture cannot be read") from None
    return source.file_objection(parcel.objection, files=pictures, key=str(objection_id))


def _return(turn: Turn, code: str) -> None:
    log.error("objection_returned", objection_id=str(turn.objection_id), code=code)
    with atomic() as session:
        delivery.settle_returned(session, turn, code=code, now=clock.now())


def _postpone(turn: Turn, error: str, asked_wait_s: float | None = None) -> None:
    with atomic() as session:
        delivery.postpone(session, turn, error=error, now=clock.now(), asked_wait_s=asked_wait_s)


def _follow(source: RegistrySource, turn: Turn) -> None:
    with reading() as session:
        registry_id = delivery.find_registry_id(session, turn)
    if registry_id is None:
        return
    try:
        filed = source.get_objection(registry_id)
    except (SourceUnavailable, SourceRefused):
        with atomic() as session:
            delivery.look_again(session, turn, now=clock.now())
        return
    with atomic() as session:
        delivery.settle_answer(session, turn, filed, now=clock.now())
