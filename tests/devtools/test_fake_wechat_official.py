"""The fake's official account: pictures, covers, drafts, and a queue whose end is pushed."""

import io
from collections.abc import Callable
from typing import Any

import pytest
import requests
from PIL import Image

from miniprogram_api.devtools.fake_wechat import DEMO_OFFICIAL_APPID, DEMO_OFFICIAL_SECRET, FakeWeChat

Call = Callable[..., Any]
Http = Callable[..., requests.Response]
LIMITS = [
    ("title", "题" * 33, 45003),
    ("digest", "摘" * 121, 45004),
    ("content", "<script>x</script>", 45166),
]


def picture(kind: str = "PNG") -> bytes:
    raw = io.BytesIO()
    Image.new("RGB", (4, 4)).save(raw, kind)
    return raw.getvalue()


@pytest.fixture
def official(post: Http) -> str:
    """The official account's own token."""
    body = {
        "grant_type": "client_credential",
        "appid": DEMO_OFFICIAL_APPID,
        "secret": DEMO_OFFICIAL_SECRET,
    }
    return str(post("/cgi-bin/stable_token", body).json()["access_token"])


@pytest.fixture
def upload(fake: FakeWeChat, http: requests.Session, official: str) -> Call:
    def send(path: str, content: bytes | None = None, **query: str) -> Any:
        return http.post(
            f"{fake.base_url}{path}",
            params={"access_token": official, **query},
            files={"media": ("a.png", picture() if content is None else content)},
            timeout=5,
        ).json()

    return send


@pytest.fixture
def draft(upload: Call, post: Http, official: str) -> Call:
    def add(**changes: Any) -> Any:
        cover = upload("/cgi-bin/material/add_material", type="image")["media_id"]
        article = {"title": "题目", "content": "<p>正文</p>", "thumb_media_id": cover} | changes
        return post("/cgi-bin/draft/add", {"articles": [article]}, access_token=official).json()

    return add


def test_a_mini_programs_token_opens_nothing_here(post: Http, token: str) -> None:
    for path in ("/cgi-bin/draft/add", "/cgi-bin/freepublish/submit", "/cgi-bin/media/uploadimg"):
        assert post(path, {}, access_token=token).json()["errcode"] == 48001


def test_nor_does_the_official_accounts_in_the_mini_program(post: Http, official: str) -> None:
    assert post("/wxa/msg_sec_check", {}, access_token=official).json()["errcode"] == 48001


def test_a_picture_of_a_text_has_an_address_and_others_are_dropped(
    upload: Call, draft: Call, control: Call
) -> None:
    url = upload("/cgi-bin/media/uploadimg")["url"]
    draft(content=f'<p>一<img src="{url}"/>二<img src="https://example.com/x.png"></p>')
    [kept] = control("GET", "official")["drafts"]
    assert kept["articles"][0]["content"] == f'<p>一<img src="{url}"/>二</p>'


@pytest.mark.parametrize(("content", "errcode"), [(b"GIF89a", 40005), (b"", 40005), (picture("GIF"), 40005)])
def test_what_is_no_picture_is_refused(upload: Call, content: bytes, errcode: int) -> None:
    assert upload("/cgi-bin/media/uploadimg", content)["errcode"] == errcode
    assert upload("/cgi-bin/material/add_material", content, type="image")["errcode"] == errcode


def test_a_cover_is_permanent_material(upload: Call, draft: Call) -> None:
    passing = upload("/cgi-bin/media/upload", type="image")["media_id"]
    assert draft(thumb_media_id=passing)["errcode"] == 40007
    assert draft(thumb_media_id="nothing")["errcode"] == 40007
    assert "media_id" in draft()


@pytest.mark.parametrize(("name", "value", "errcode"), LIMITS)
def test_what_does_not_fit_is_refused(draft: Call, name: str, value: str, errcode: int) -> None:
    assert draft(**{name: value})["errcode"] == errcode


def test_nought_means_queued_and_the_draft_is_used_up(
    control: Call, draft: Call, post: Http, official: str, fake: FakeWeChat
) -> None:
    control("POST", "settings", publish_held=True)
    control("POST", "official/statuses", statuses=[4])
    media_id = draft()["media_id"]
    queued = post("/cgi-bin/freepublish/submit", {"media_id": media_id}, access_token=official).json()
    again = post("/cgi-bin/freepublish/submit", {"media_id": media_id}, access_token=official).json()
    asked = {"publish_id": queued["publish_id"]}
    running = post("/cgi-bin/freepublish/get", asked, access_token=official).json()
    assert (queued["errcode"], again["errcode"], running["publish_status"]) == (0, 40007, 1)

    control("POST", "official/finish", publish_id=queued["publish_id"])
    [told] = fake.pushed()
    ended = post("/cgi-bin/freepublish/get", asked, access_token=official).json()
    assert (ended["publish_status"], told["message"]["PublishEventInfo"]) == (4, ended)
    assert "article_detail" not in ended


def test_an_uncertified_account_may_not_publish(
    control: Call, draft: Call, post: Http, official: str
) -> None:
    media_id = draft()["media_id"]
    control("POST", "accounts", appid=DEMO_OFFICIAL_APPID, certified=False)
    answer = post("/cgi-bin/freepublish/submit", {"media_id": media_id}, access_token=official).json()
    assert answer["errcode"] == 48001
