"""Writing feedback for tests, and the fake WeChat that judges it."""

import dataclasses
from collections.abc import Generator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from uuid import UUID

from flask import Flask
from werkzeug.test import TestResponse

from miniprogram_api.devtools.fake_wechat import DEMO_PUSH_AES_KEY, DEMO_PUSH_TOKEN, FakeWeChat
from miniprogram_api.devtools.loopback import LoopbackServer
from miniprogram_api.feedback.models import Feedback, FeedbackPicture
from miniprogram_api.identity.service import members
from miniprogram_api.kernel import events
from miniprogram_api.kernel.db import atomic, reading
from tests.factories.feedback import TEXT
from tests.factories.members import sign_in
from tests.support.clients import MemberClient
from tests.support.objections import picture


class Writer(MemberClient):
    """A member who writes."""

    def sign_in_again(self) -> None:
        """Get a new token: the clock has moved past the life of the last one."""
        with atomic() as session:
            openid = members.get_openid(session, UUID(self.id))
            self.token = sign_in(session, openid=openid).access_token

    def write(
        self, subject_id: UUID | str, *, about: str = "site", key: str | None = None, **changes: Any
    ) -> TestResponse:
        body = {"subject": {"type": about, "id": str(subject_id)}, "text": TEXT} | changes
        headers = {} if key is None else {"Idempotency-Key": key}
        return self.post("/api/v1/feedback", json=body, headers=headers)

    def wrote(self, subject_id: UUID | str, **changes: Any) -> str:
        """The id of feedback that was taken."""
        answer = self.write(subject_id, **changes)
        assert answer.status_code == 201, answer.text
        return str(answer.get_json()["id"])

    def upload(self, content: bytes | None = None) -> TestResponse:
        file = (BytesIO(picture() if content is None else content), "a.jpg")
        return self.post("/api/v1/feedback/pictures", data={"file": file})

    def uploaded(self) -> str:
        answer = self.upload()
        assert answer.status_code == 201, answer.text
        return str(answer.get_json()["id"])

    def look(self, feedback_id: str) -> dict[str, Any]:
        answer = self.get(f"/api/v1/feedback/{feedback_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def messages(self) -> list[dict[str, Any]]:
        return list(self.get("/api/v1/messages").get_json()["items"])


@contextmanager
def reachable(app: Flask) -> Generator[LoopbackServer]:
    """The application where WeChat can fetch pictures from it, its push set up."""
    server = LoopbackServer(app, name="application", host="127.0.0.1", port=0)
    server.start()
    app.extensions["settings"] = dataclasses.replace(
        app.extensions["settings"],
        public_base_url=server.base_url,
        wechat_push_token=DEMO_PUSH_TOKEN,
        wechat_push_aes_key=DEMO_PUSH_AES_KEY,
    )
    try:
        yield server
    finally:
        server.stop()


def hear(app: Flask, fake: FakeWeChat, *, times: int = 1) -> None:
    """WeChat has looked at what was submitted, and what it pushed arrives so many times."""
    for pushed in fake.pushed():
        for _ in range(times):
            answer = app.test_client().post(f"/wechat/push?{pushed['query']}", data=pushed["body"])
            assert (answer.status_code, answer.text) == (200, "success")
    events.drain()


def kept(feedback_id: str) -> Feedback:
    """The row itself."""
    with reading() as session:
        return session.get_one(Feedback, UUID(feedback_id))


def kept_picture(picture_id: str) -> FeedbackPicture:
    """The row itself."""
    with reading() as session:
        return session.get_one(FeedbackPicture, UUID(picture_id))
