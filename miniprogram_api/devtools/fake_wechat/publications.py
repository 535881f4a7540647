"""What an official account holds: material, drafts, and publications on their way, with how they end."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from miniprogram_api.devtools.fake_wechat.pushing import Form, push_message

if TYPE_CHECKING:
    from miniprogram_api.devtools.fake_wechat.state import State

DONE, RUNNING = 0, 1


@dataclass(frozen=True)
class Material:
    """A file; a permanent one may be a cover."""

    media_id: str
    appid: str
    permanent: bool
    size: int


@dataclass(frozen=True)
class Draft:
    """Articles that nobody sees yet."""

    media_id: str
    appid: str
    articles: list[dict[str, Any]]


@dataclass
class Publication:
    """A draft on its way to the public; `status` is WeChat's number."""

    publish_id: str
    appid: str
    draft: Draft
    article_id: str
    status: int = RUNNING

    def describe(self) -> dict[str, Any]:
        """What a poll is answered, and what the push tells."""
        told: dict[str, Any] = {"publish_id": self.publish_id, "publish_status": self.status, "fail_idx": []}
        if self.status == DONE:
            url = f"http://mp.weixin.qq.com/s?__biz=demo&mid={self.publish_id}&idx=1"
            item = [{"idx": 1, "article_url": url}]
            told |= {"article_id": self.article_id, "article_detail": {"count": 1, "item": item}}
        elif self.status != RUNNING:
            told["fail_idx"] = [1]
        return told


@dataclass
class OfficialShelf:
    """Everything of official accounts; `verdicts` are how the next publications end, later ones well."""

    materials: dict[str, Material] = field(default_factory=dict)
    pictures: list[str] = field(default_factory=list)
    drafts: dict[str, Draft] = field(default_factory=dict)
    publications: dict[str, Publication] = field(default_factory=dict)
    verdicts: list[int] = field(default_factory=list)


def finish_later(state: "State", publication: Publication) -> None:
    """Publish after a moment, and tell the account's address."""
    state.pause(state.settings.publish_s)
    finish(state, publication)


def finish(state: "State", publication: Publication) -> None:
    """Let a publication end as was planned, and tell the account's address in XML."""
    with state.lock:
        verdicts = state.official.verdicts
        publication.status = verdicts.pop(0) if verdicts else DONE
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
