"""Objecting for tests: pictures, members who object, and the sweeps that carry an objection on."""

from io import BytesIO
from typing import Any
from uuid import UUID

from PIL import Image
from werkzeug.test import TestResponse

from miniprogram_api.identity.service import members
from miniprogram_api.kernel import events
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.registry import jobs_objections as jobs
from miniprogram_api.registry.models import Objection
from tests.factories.members import sign_in
from tests.support.clients import MemberClient

TEXT = "公示材料称该园区已停用燃煤锅炉，但本月仍可见其运行。"
PERSON = {"name": "王小明", "phone": "13800138111"}
RISKY, DOUBTFUL = "违规测试词", "复审测试词"


def picture(kind: str = "JPEG", **options: Any) -> bytes:
    target = BytesIO()
    Image.new("RGB", (40, 20), "red").save(target, kind, **options)
    return target.getvalue()


class Objector(MemberClient):
    """A member who objects."""

    def sign_in_again(self) -> None:
        """Get a new token: the clock has moved past the life of the last one."""
        with atomic() as session:
            openid = members.get_openid(session, UUID(self.id))
            self.token = sign_in(session, openid=openid).access_token

    def object_to(self, project_id: str, *, key: str | None = None, **changes: Any) -> TestResponse:
        body = {"text": TEXT, **PERSON, "consent": True} | changes
        return self.post(
            f"/api/v1/notices/{project_id}/objections",
            json=body,
            headers={"Idempotency-Key": key or str(new_id())},
        )

    def objected(self, project_id: str, **changes: Any) -> str:
        """The id of an objection that was taken."""
        answer = self.object_to(project_id, **changes)
        assert answer.status_code == 201, answer.text
        return str(answer.get_json()["id"])

    def upload(self, content: bytes | None = None, name: str = "a.jpg") -> TestResponse:
        file = (BytesIO(picture() if content is None else content), name)
        return self.post("/api/v1/objections/files", data={"file": file})

    def uploaded(self, content: bytes | None = None) -> str:
        answer = self.upload(content)
        assert answer.status_code == 201, answer.text
        return str(answer.get_json()["id"])

    def look(self, objection_id: str) -> dict[str, Any]:
        answer = self.get(f"/api/v1/objections/{objection_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def messages(self) -> list[str]:
        return [item["kind"] for item in self.get("/api/v1/messages").get_json()["items"]]


def check_deliver_and_follow() -> None:
    """One round of each sweep, and of what they announced."""
    jobs.check_objections()
    jobs.deliver_objections()
    jobs.follow_objections()
    events.drain()


def held(objection_id: str) -> Objection:
    """The row itself."""
    with reading() as session:
        return session.get_one(Objection, UUID(objection_id))
