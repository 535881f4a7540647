"""What reaches the fake registry and what it sends: corrections, objections, inbox, doorbell; signatures."""

import base64
import hashlib
import hmac
import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import requests

from miniprogram_api.devtools.fake_registry import DEMO_DOORBELL_SECRET, DEMO_INBOX_SECRET, FakeRegistry
from tests.devtools.conftest import MORNING
from tests.support.registry_caller import RegistryCaller

pytestmark = pytest.mark.once

CORRECTION = {
    "project_id": "P1",
    "field": "operator.name",
    "held_value": "甲",
    "claimed_value": "乙",
    "evidence_url": None,
    "note": "",
}
OBJECTION = {
    "project_id": "P1",
    "reference": "YY-1",
    "title": "边界有误",
    "text": "东侧不属于本项目。",
    "person": {"name": "王小明", "phone": "PHONE"},
    "filed_at": "2026-05-20T11:00:00+08:00",
}


def _sign(secret: str, webhook_id: str, timestamp: int, body: bytes) -> str:
    """Standard Webhooks, computed by hand."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = webhook_id.encode() + b"." + str(timestamp).encode() + b"." + body
    return "v1," + base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()


class Consumer:
    """A doorbell of our own; `statuses` are its next answers, then 202."""

    def __init__(self) -> None:
        self.rings: queue.Queue[tuple[dict[str, str], bytes]] = queue.Queue()
        self.statuses: list[int] = []
        consumer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                consumer.rings.put(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(consumer.statuses.pop(0) if consumer.statuses else 202)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/api/registry/v1/events"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    def next(self) -> tuple[dict[str, str], Any]:
        headers, body = self.rings.get(timeout=10)
        return headers, json.loads(body)

    def next_subject(self) -> str:
        return str(self.next()[1]["subject"])

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def consumer() -> Iterator[Consumer]:
    consumer = Consumer()
    yield consumer
    consumer.close()


@pytest.fixture
def ringing(registry: FakeRegistry, caller: RegistryCaller, consumer: Consumer) -> FakeRegistry:
    """The registry, which rings at the consumer."""
    caller.control("PUT", "doorbell", url=consumer.url)
    return registry


class TestCorrections:
    def test_a_key_files_once_and_the_state_comes_back(
        self, registry: FakeRegistry, caller: RegistryCaller
    ) -> None:
        registry.put("P1")
        headers = {"Idempotency-Key": "k1"}
        first = caller.call("POST", "/corrections", json=CORRECTION, headers=headers)
        assert (first.status_code, first.json()["state"]) == (201, "received")
        again = caller.call("POST", "/corrections", json=CORRECTION, headers=headers)
        assert again.json() == first.json()
        other = caller.call("POST", "/corrections", json=CORRECTION | {"note": "!"}, headers=headers)
        assert other.status_code == 422
        (filed,) = caller.control("GET", "received")["corrections"]
        assert filed["claimed_value"] == "乙"
        correction_id = first.json()["correction_id"]
        caller.control("PUT", f"corrections/{correction_id}", state="applied", answer="已改正")
        state = caller.get(f"/corrections/{correction_id}").json()
        assert (state["state"], state["answer"]) == ("applied", "已改正")
        assert state["decided_at"].startswith("2026-05-20T11:30:10")

    def test_what_cannot_be_corrected_is_refused(
        self, registry: FakeRegistry, caller: RegistryCaller
    ) -> None:
        registry.put("P1")
        headers = {"Idempotency-Key": "k1"}
        for change, code in (
            ({"field": "opening_hours"}, "field_not_owned"),
            ({"project_id": "P9"}, "schema_invalid"),
            ({"field": None}, "schema_invalid"),
        ):
            refused = caller.call("POST", "/corrections", json=CORRECTION | change, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (422, code)
        assert caller.call("POST", "/corrections", json=CORRECTION).json()["code"] == "schema_invalid"
        assert caller.get("/corrections/unknown").json()["code"] == "not_found"


def test_an_objection_is_delivered_once_with_its_files(
    registry: FakeRegistry, caller: RegistryCaller
) -> None:
    registry.put("P1", lifecycle="public_notice")
    content = b"\x89PNG picture"

    def deliver() -> requests.Response:
        return caller.call(
            "POST",
            "/objections",
            files=[
                ("objection", (None, json.dumps(OBJECTION), "application/json")),
                ("file", ("东侧.png", content, "image/png")),
            ],
            headers={"Idempotency-Key": "o1"},
        )

    first = deliver()
    assert (first.status_code, deliver().json()) == (201, first.json())
    (filed,) = registry.received["objections"]
    assert filed["person"] == OBJECTION["person"]
    assert filed["files"] == [
        {
            "name": "东侧.png",
            "type": "image/png",
            "size": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
    ]
    objection_id = first.json()["objection_id"]
    caller.control("PUT", f"objections/{objection_id}", state="rejected", answer="边界无误")
    assert caller.get(f"/objections/{objection_id}").json()["state"] == "rejected"


class TestInbox:
    def _send(self, caller: RegistryCaller, *, secret: str, timestamp: int, name: str = "e1") -> int:
        body = json.dumps({"type": "engagement.site.opened", "subject": "P1"}).encode()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": f"v1,bm90IHRoaXM= {_sign(secret, name, timestamp, body)}",
        }
        return caller.http.post(
            f"{caller.fake.api_base}/inbox", data=body, headers=headers, timeout=5
        ).status_code

    def test_a_signed_event_is_taken_in_once(self, registry: FakeRegistry, caller: RegistryCaller) -> None:
        for _ in range(2):
            assert self._send(caller, secret=DEMO_INBOX_SECRET, timestamp=int(MORNING) - 299) == 202
        (event,) = registry.received["events"]
        assert (event["type"], event["subject"], event["deliveries"]) == ("engagement.site.opened", "P1", 2)

    def test_a_foreign_or_late_signature_is_refused(
        self, registry: FakeRegistry, caller: RegistryCaller
    ) -> None:
        assert self._send(caller, secret=DEMO_DOORBELL_SECRET, timestamp=int(MORNING)) == 401
        assert self._send(caller, secret=DEMO_INBOX_SECRET, timestamp=int(MORNING) - 301) == 401
        assert registry.received["events"] == []
        caller.control("POST", "inbox-secrets", secret=DEMO_DOORBELL_SECRET)
        assert self._send(caller, secret=DEMO_DOORBELL_SECRET, timestamp=int(MORNING)) == 202

    def test_the_handshake_names_who_may_send(self, caller: RegistryCaller) -> None:
        url = f"{caller.fake.api_base}/inbox"
        origin = {"WebHook-Request-Origin": "miniprogram.example"}
        answer = caller.http.options(url, headers=origin, timeout=5)
        assert answer.headers["WebHook-Allowed-Origin"] == "miniprogram.example"
        assert caller.http.options(url, timeout=5).status_code == 422


class TestDoorbell:
    def test_each_change_rings_with_a_signature_of_its_bytes(
        self, ringing: FakeRegistry, consumer: Consumer
    ) -> None:
        ringing.put("P1", name="长春")
        headers, body = consumer.rings.get(timeout=10)
        told = json.loads(body)
        assert told | {"sequence": ""} == {
            "type": "registry.project.changed",
            "subject": "P1",
            "sequence": "",
            "version": 1,
        }
        ringing.put("P2")
        assert consumer.next()[1]["sequence"] > told["sequence"]
        timestamp = int(headers["webhook-timestamp"])
        assert timestamp == int(MORNING)
        expected = _sign(DEMO_DOORBELL_SECRET, headers["webhook-id"], timestamp, body)
        assert headers["webhook-signature"] == expected

    def test_each_kind_of_news_has_its_type(
        self, ringing: FakeRegistry, caller: RegistryCaller, consumer: Consumer
    ) -> None:
        ringing.put("P1", lifecycle="withdrawn")
        assert consumer.next()[1]["type"] == "registry.project.withdrawn"
        ringing.recall("P1")
        assert consumer.next()[1]["type"] == "registry.project.withdrawn"
        caller.control("PUT", "dictionaries/types", items=[{"code": "port"}])
        assert consumer.next()[1]["type"] == "registry.dictionary.changed"
        epoch = caller.control("POST", "epoch")["feed_epoch"]
        told = consumer.next()[1]
        assert (told["type"], told["subject"]) == ("registry.feed.reset", epoch)

    def test_an_answer_other_than_2xx_is_tried_again_under_the_same_id(
        self, ringing: FakeRegistry, consumer: Consumer
    ) -> None:
        consumer.statuses = [500, 302]
        ringing.put("P1")
        assert len({consumer.next()[0]["webhook-id"] for _ in range(3)}) == 1

    def test_gone_ends_it(self, ringing: FakeRegistry, consumer: Consumer) -> None:
        consumer.statuses = [410]
        ringing.put("P1")
        assert consumer.next_subject() == "P1"
        ringing.stop()
        assert ringing.state.doorbell.url is None

    def test_rings_are_dropped_doubled_and_swapped_by_plan(
        self, ringing: FakeRegistry, consumer: Consumer
    ) -> None:
        ringing.fault("doorbell", "drop")
        ringing.fault("doorbell", "duplicate")
        ringing.fault("doorbell", "reorder")
        for name in ("P1", "P2", "P3", "P4"):
            ringing.put(name)
        assert [consumer.next_subject() for _ in range(4)] == ["P2", "P2", "P4", "P3"]

    def test_signatures_and_clocks_go_wrong_by_plan(self, ringing: FakeRegistry, consumer: Consumer) -> None:
        ringing.fault("doorbell", "bad_signature")
        ringing.fault("doorbell", "clock_skew", seconds=-301)
        ringing.put("P1")
        headers, body = consumer.rings.get(timeout=10)
        right = _sign(DEMO_DOORBELL_SECRET, headers["webhook-id"], int(MORNING), body)
        assert headers["webhook-signature"] != right
        ringing.put("P1")
        assert int(consumer.next()[0]["webhook-timestamp"]) == int(MORNING) - 301
