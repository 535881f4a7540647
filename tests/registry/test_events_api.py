"""The doorbell: signed over every byte, of this moment, once for each id, and answered with a pull."""

import base64
import json
import random
import secrets as random_bytes
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from standardwebhooks import Webhook
from werkzeug.test import TestResponse

from miniprogram_api.devtools.fake_registry import DEMO_DOORBELL_SECRET, FakeRegistry
from miniprogram_api.kernel import events
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.registry.jobs_pulling import forget_doorbells, pull_due
from miniprogram_api.registry.models import Doorbell, HeldProject
from miniprogram_api.registry.models.feed import THE_FEED, Feed
from miniprogram_api.registry.service import doorbells
from tests.conftest import Clock

OLD_SECRET = f"whsec_{base64.b64encode(b'o' * 32).decode()}"
pytestmark = pytest.mark.usefixtures("clock")


def body_of(type_: str = "registry.project.changed", **values: Any) -> bytes:
    event = {"type": type_, "subject": "P-0", "sequence": "00000000000000000001", "version": 1}
    return json.dumps(event | values).encode()


def ring(
    client: FlaskClient,
    body: bytes,
    *,
    at: datetime,
    id_: str = "msg_1",
    secret: str = DEMO_DOORBELL_SECRET,
    **headers: str,
) -> TestResponse:
    signed = {
        "webhook-id": id_,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(id_, at, body.decode(errors="replace")),
        "Content-Type": "application/json",
    }
    return client.post("/api/registry/v1/events", data=body, headers=signed | headers)


def seen() -> list[str]:
    with reading() as session:
        return sorted(session.scalars(select(Doorbell.webhook_id)))


def deliver() -> None:
    while events.drain():
        pass


class TestLettingIn:
    @pytest.fixture(autouse=True)
    def _registry(self, fake_registry: FakeRegistry) -> None:
        pass

    def test_a_signed_ring_is_accepted_and_leads_to_a_pull(
        self, client: FlaskClient, clock: Clock, fake_registry: FakeRegistry
    ) -> None:
        pull_due()
        fake_registry.put("P-0")
        answer = ring(client, body_of(), at=clock.now)
        assert (answer.status_code, answer.json) == (202, {"accepted": True})
        deliver()
        pull_due()
        with reading() as session:
            assert session.scalars(select(HeldProject.project_id)).all() == ["P-0"]

    def test_the_same_id_counts_once(self, client: FlaskClient, clock: Clock) -> None:
        for _ in range(3):
            assert ring(client, body_of(), at=clock.now).status_code == 202
        with reading() as session:
            rows = session.scalars(
                select(AuditRow).where(AuditRow.action == "registry.let_doorbell_in")
            ).all()
        assert (seen(), len(rows)) == (["msg_1"], 1)

    @pytest.mark.parametrize("away_s", [-301, 301, -86_400])
    def test_another_moment_is_refused(self, client: FlaskClient, clock: Clock, away_s: int) -> None:
        answer = ring(client, body_of(), at=clock.now + timedelta(seconds=away_s))
        assert (answer.status_code, answer.json["code"]) == (401, "auth_invalid")
        assert seen() == []

    @pytest.mark.parametrize("away_s", [-299, 299])
    def test_a_moment_within_the_tolerance_is_let_in(
        self, client: FlaskClient, clock: Clock, away_s: int
    ) -> None:
        assert ring(client, body_of(), at=clock.now + timedelta(seconds=away_s)).status_code == 202

    def test_a_changed_or_cut_body_is_refused(self, client: FlaskClient, clock: Clock) -> None:
        body = body_of()
        good = Webhook(DEMO_DOORBELL_SECRET).sign("msg_1", clock.now, body.decode())
        for wrong in (body[:-1], body + b" ", body.replace(b"P-0", b"P-1"), b""):
            answer = ring(client, wrong, at=clock.now, **{"webhook-signature": good})
            assert answer.status_code == 401, wrong
        assert seen() == []

    def test_another_secret_is_refused_and_one_good_signature_of_several_is_enough(
        self, client: FlaskClient, clock: Clock
    ) -> None:
        other = f"whsec_{base64.b64encode(random_bytes.token_bytes(32)).decode()}"
        assert ring(client, body_of(), at=clock.now, secret=other).status_code == 401
        good = Webhook(DEMO_DOORBELL_SECRET).sign("msg_1", clock.now, body_of().decode())
        answer = ring(client, body_of(), at=clock.now, **{"webhook-signature": f"v1,AAAA v1a,zz {good}"})
        assert answer.status_code == 202

    @pytest.mark.parametrize(
        "headers",
        [
            {"webhook-id": ""},
            {"webhook-id": "x" * 101},
            {"webhook-timestamp": "now"},
            {"webhook-timestamp": "9" * 30},
            {"webhook-signature": "v1"},
            {"webhook-signature": "v1,%%%"},
            {"webhook-signature": ""},
        ],
    )
    def test_odd_headers_are_refused(
        self, client: FlaskClient, clock: Clock, headers: dict[str, str]
    ) -> None:
        assert ring(client, body_of(), at=clock.now, **headers).status_code == 401

    @pytest.mark.parametrize("body", [b"[]", b"{}", b"{", b'{"type": 1}', b'{"type": "x", "subject": []}'])
    def test_a_signed_body_of_no_sense_is_a_problem(
        self, client: FlaskClient, clock: Clock, body: bytes
    ) -> None:
        assert ring(client, body, at=clock.now).status_code in {400, 422}
        assert seen() == []

    def test_a_large_body_is_refused_unread(self, client: FlaskClient, clock: Clock) -> None:
        answer = ring(client, body_of(filler="x" * 20_000), at=clock.now)
        assert (answer.status_code, answer.json["code"]) == (413, "payload_too_large")

    def test_an_unknown_type_is_a_ring_like_any_other(self, client: FlaskClient, clock: Clock) -> None:
        assert ring(client, body_of("registry.of.the.future"), at=clock.now).status_code == 202

    def test_a_reset_wants_a_snapshot_and_a_dictionary_the_dictionaries(
        self, client: FlaskClient, clock: Clock
    ) -> None:
        pull_due()
        ring(client, body_of("registry.feed.reset"), at=clock.now)
        ring(client, body_of("registry.dictionary.changed"), at=clock.now, id_="msg_2")
        deliver()
        with reading() as session:
            feed = session.get_one(Feed, THE_FEED)
            assert (feed.resync_wanted, feed.dictionaries_wanted) == (True, True)


@pytest.mark.parametrize(
    "settings", [{"registry_webhook_secrets": f"{DEMO_DOORBELL_SECRET},{OLD_SECRET}"}], indirect=True
)
def test_the_old_secret_is_taken_beside_the_new_one(client: FlaskClient, clock: Clock) -> None:
    assert ring(client, body_of(), at=clock.now, secret=OLD_SECRET).status_code == 202
    assert ring(client, body_of(), at=clock.now, id_="msg_2").status_code == 202


def test_without_a_secret_nobody_is_let_in(client: FlaskClient, clock: Clock) -> None:
    assert ring(client, body_of(), at=clock.now).status_code == 401


def test_ids_are_kept_longer_than_any_ring_could_be_sent_again(app: Flask, clock: Clock) -> None:
    assert max(doorbells.RETRY_HORIZON, 2 * doorbells.TOLERANCE) <= doorbells.KEPT
    with atomic() as session:
        session.add(Doorbell(webhook_id="old", type="x", received_at=clock.now))
    clock.advance(days=6)
    forget_doorbells()
    assert seen() == ["old"]
    clock.advance(days=2)
    forget_doorbells()
    assert seen() == []


def test_rings_in_any_order_often_late_or_cut_have_one_effect(
    client: FlaskClient, clock: Clock, fake_registry: FakeRegistry
) -> None:
    """A hundred shuffles of a corpus in which every ring comes twice, one comes late and one cut."""
    ids = [f"P-{number}" for number in range(3)]
    for project_id in ids:
        fake_registry.put(project_id)
    chance = random.Random(12)
    corpus: list[tuple[str, bytes, int, bool]] = []
    for number, project_id in enumerate(ids):
        corpus += [(f"msg_{number}", body_of(subject=project_id), 0, False)] * 2
    corpus += [("late", body_of(), -400, False), ("cut", body_of(), 0, True)]
    for number in range(100):
        chance.shuffle(corpus)
        clock.advance(seconds=15)
        for id_, body, away_s, cut in corpus:
            at = clock.now + timedelta(seconds=away_s)
            good = Webhook(DEMO_DOORBELL_SECRET).sign(f"{number}-{id_}", at, body.decode())
            sent = body[:-1] if cut else body
            answer = ring(client, sent, at=at, id_=f"{number}-{id_}", **{"webhook-signature": good})
            assert answer.status_code == (401 if away_s or cut else 202)
        if number % 25 == 0:
            deliver()
            pull_due()
    assert len(seen()) == 300
    deliver()
    pull_due()
    with reading() as session:
        held = {row.project_id: (row.version, row.digest) for row in session.scalars(select(HeldProject))}
    records = {project_id: fake_registry.record(project_id) for project_id in ids}
    assert held == {project_id: (it["version"], it["digest"]) for project_id, it in records.items()}
