"""An article over real HTTP: written, reviewed by three, planned, found, read, and told of exactly once."""

import html
import io
import re
import signal
from collections.abc import Generator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import requests
from flask import Flask
from PIL import Image

from config.settings import Settings
from content.jobs.publishing import publish_due
from miniprogram_api.devtools.fake_wechat import DEMO_ARTICLE_PUBLISHED, FakeWeChat
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.db import atomic
from miniprogram_api.messaging import jobs_sending
from miniprogram_api.operations import invariants
from miniprogram_api.operations.snapshots import snapshot
from miniprogram_api.web import cookies
from tests.conftest import Clock
from tests.factories.content import body_of, heading, make_topic, picture
from tests.factories.staff import make_staff, open_session
from tests.support.article_messages import delivered, drain, states
from tests.support.clients import FakePeople
from tests.support.forked import run_forked
from tests.support.killed_sending import send_and_die
from tests.support.served import served

WITHIN_S = 20
TITLE = "近零碳学校的一天是怎样过的"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_INPUT, _SAID = re.compile(r"<input\b[^>]*>"), re.compile(r'\b(name|value)="([^"]*)"')

pytestmark = [
    pytest.mark.usefixtures("clock"),
    pytest.mark.parametrize(
        "settings", [{"wechat_template_article_published": DEMO_ARTICLE_PUBLISHED}], indirect=True
    ),
]


@pytest.fixture
def origin(app: Flask) -> Generator[str]:
    with served(app) as address:
        yield address


class AtTheDesk:
    """Somebody of the staff with a browser of their own, which sends forms and the scripts' calls."""

    def __init__(self, origin: str, role: Role) -> None:
        with atomic() as session:
            self.id = make_staff(session, role=role).id
            token = open_session(session, self.id)
        self.origin, self.session = f"{origin}/console", requests.Session()
        self.session.trust_env = False
        self.session.cookies.set(cookies.name_of(cookies.STAFF), token, domain="127.0.0.1", path="/")
        self.page = ""

    def get(self, path: str) -> str:
        answer = self.session.get(self.origin + path, timeout=WITHIN_S)
        assert answer.status_code == 200, answer.text[:500]
        self.page = answer.text
        return self.page

    def send(self, path: str, **fields: Any) -> requests.Response:
        """A form, with what the page at hand carries along unseen."""
        token = _TOKEN.search(self.page)
        assert token, self.page[:500]
        data = {"csrf_token": token[1], **fields}
        answer = self.session.post(self.origin + path, data=data, timeout=WITHIN_S, allow_redirects=False)
        self.page = answer.text or self.page
        return answer

    def call(self, path: str, **options: Any) -> Any:
        """What a script asks for."""
        headers = {cookies.PAGE_HEADER: "1"}
        token = self.session.get(f"{self.origin}/content/token", headers=headers, timeout=WITHIN_S).json()
        headers |= {"X-CSRFToken": token["token"]}
        answer = self.session.post(self.origin + path, headers=headers, timeout=WITHIN_S, **options)
        assert answer.status_code == 200, answer.text[:500]
        return answer.json()

    def hidden(self, *names: str) -> dict[str, str]:
        fields = [dict(_SAID.findall(tag)) for tag in _INPUT.findall(self.page)]
        found = {field.get("name"): html.unescape(field.get("value", "")) for field in fields}
        return {name: found[name] for name in names}


class InTheMiniProgram:
    """A member, whose phone speaks to us and to WeChat."""

    def __init__(self, origin: str, fake: FakeWeChat, person: str) -> None:
        self.origin, self.person, self.people = f"{origin}/api/v1", person, FakePeople(fake)
        self.session = requests.Session()
        self.session.trust_env = False
        self.sign_in()

    def sign_in(self) -> None:
        """Opens the mini-program, also again after some days."""
        signed_in = self.post("/sessions", code=self.people.login_code(self.person))
        self.session.headers["Authorization"] = f"Bearer {signed_in['access_token']}"

    def get(self, path: str, **params: str) -> Any:
        answer = self.session.get(self.origin + path, params=params, timeout=WITHIN_S)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, **body: Any) -> Any:
        answer = self.session.post(self.origin + path, json=body or None, timeout=WITHIN_S)
        assert answer.status_code < 300, answer.text
        return answer.json() if answer.content else None

    def accept_news(self, times: int) -> None:
        """Accepts messages about articles, as the client asks when a topic is followed."""
        (item,) = self.get("/subscriptions")["items"]
        asked = {"person": self.person, "template_id": item["template_id"], "accept": True, "count": times}
        self.people.control("POST", "/subscriptions", **asked)
        for _ in range(times):
            self.post("/subscriptions", template=item["template_id"], accepted=True)


def written(writer: AtTheDesk, topic: UUID) -> str:
    """An article of the most careful class with a cover, put forward for review; its id."""
    raw = io.BytesIO()
    Image.new("RGB", (1200, 900), (40, 120, 60)).save(raw, "JPEG")
    facts = {"alt": "操场边的光伏车棚", "title": "车棚", "place": "city", "source": "编辑部"}
    cover = writer.call("/content/assets/new", data=facts, files={"file": ("a.jpg", raw.getvalue())})["id"]
    writer.get("/content/articles/new")
    begun = writer.send("/content/articles/new", title=TITLE, kind="knowledge", place="city")
    assert begun.status_code == 303, begun.text[:500]
    found = re.search(r"/content/articles/([0-9a-f-]{36})", begun.headers["Location"])
    assert found
    body = body_of(heading("清晨"), "七点，车棚上的光伏板开始发电。", picture(cover, alt="车棚上的光伏板"))
    draft = {
        "title": TITLE,
        "summary": "从第一节课到放学，看电从哪里来、省在哪里。",
        "kind": "knowledge",
        "content_class": "sensitive",
        "audience": "everyone",
        "cover_asset_id": cover,
        "topic_ids": [str(topic)],
        "body": body,
    }
    saved = writer.call(f"/content/articles/{found[1]}/draft", json={"base": 1, "draft": draft})
    assert (saved["number"], saved["checklist"]) == (2, [])
    writer.get(f"/content/articles/{found[1]}")
    assert writer.send(f"/content/articles/{found[1]}/submit").status_code == 303
    return found[1]


def test_an_article_is_written_reviewed_planned_found_read_and_told_of_once(
    app: Flask, settings: Settings, origin: str, fake_wechat: FakeWeChat, clock: Clock
) -> None:
    with atomic() as session:
        topic = make_topic(session, "近零碳学校").id
    writer = AtTheDesk(origin, Role.EDITOR)
    reviewers = [AtTheDesk(origin, Role.REVIEWER) for _ in range(3)]
    alice, bob = (InTheMiniProgram(origin, fake_wechat, person) for person in ("alice", "bob"))
    for member in (alice, bob):
        member.post(f"/topics/{topic}/follow")
    alice.accept_news(2)

    article = written(writer, topic)
    review = f"/content/articles/{article}/review"
    for number, reviewer in enumerate(reviewers):
        reviewer.get(review)
        decided = reviewer.send(
            review, **reviewer.hidden("content_hash", "step"), decision="approve", note=f"第 {number + 1} 步"
        )
        assert decided.status_code == 303, decided.text[:500]

    publisher, publish = reviewers[0], f"/content/articles/{article}/publish"
    at = (clock.now + timedelta(days=2)).astimezone(BEIJING).replace(hour=8, minute=0)
    publisher.get(publish)
    when = {"when": "later", "on": f"{at:%Y-%m-%d}", "at": "08:00", "push": "y"}
    filled = publisher.hidden("content_hash") | when
    looked = publisher.send(publish, **filled, step="preview")
    assert (looked.status_code, "定于 11月25日（周三）08:00 发布" in looked.text) == (200, True)
    assert publisher.send(publish, **filled, step="apply").status_code == 303

    publish_due()
    drain()
    assert alice.get("/articles", q="近零碳学校")["items"] == []
    clock.set(at)
    publish_due()
    drain()

    # A worker takes the message, WeChat delivers it, and the worker is killed before it can write that down.
    ended = run_forked(send_and_die, settings, clock.now, "sent", folder=settings.data_dir)
    assert ended.status == -signal.SIGKILL, ended.printed
    for _ in range(4):
        jobs_sending.send_subscriptions()
        clock.advance(hours=1)
    (message,) = delivered(fake_wechat)
    assert (message["person"], message["page"]) == ("alice", f"pages/article/index?id={article}")
    assert states() == ["unknown"]

    for member in (alice, bob):
        member.sign_in()
        (told,) = member.get("/messages")["items"]
        assert (told["kind"], told["subject_id"]) == ("article_published", article)
        (found,) = member.get("/articles", q="近零碳学校")["items"]
        assert (found["id"], found["title"]) == (article, TITLE)
    page = alice.get(f"/articles/{article}")
    assert page["title"] == TITLE
    assert "七点，车棚上的光伏板开始发电。" in str(page["blocks"])
    alice.post(f"/articles/{article}/read")
    alice.post(f"/articles/{article}/favourite")
    assert [item["article"]["id"] for item in alice.get("/me/favourites")["items"]] == [article]
    assert bob.get("/me/favourites")["items"] == []
    with snapshot() as session:
        assert {it.code: rows for it, rows in invariants.check(session) if rows} == {}
