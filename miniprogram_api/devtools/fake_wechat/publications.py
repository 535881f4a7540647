"""How publications of an official account end, and who is told of it."""

from miniprogram_api.devtools.fake_wechat.pushing import Form, push_message
from miniprogram_api.devtools.fake_wechat.records import PUBLISHED, Publication
from miniprogram_api.devtools.fake_wechat.state import State


def finish_later(state: State, publication: Publication) -> None:
    """Publish after a moment, and tell the account's address."""
    state.pause(state.settings.publish_s)
    finish(state, publication)


def finish(state: State, publication: Publication) -> None:
    """Let a publication end as was planned, and tell the account's address in XML."""
    with state.lock:
        verdicts = state.official.verdicts
        publication.status = verdicts.pop(0) if verdicts else PUBLISHED
        message = {
            "ToUserName": "gh_0000000000offi",
            "FromUserName": "oFakeOfficialPublisher000000",
            "CreateTime": int(state.now()),
            "MsgType": "event",
            "Event": "PUBLISHJOBFINISH",
            "PublishEventInfo": publication.describe(),
        }
        push = state.official_push
    push_message(state, push, message, appid=publication.appid, form=Form(safe=True, xml=True))
