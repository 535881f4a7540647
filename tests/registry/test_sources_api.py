"""The registry's HTTP API as we call it: tokens, problems by their codes, and answers that lie."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey, RSAKey

from config.registry import RegistrySettings
from config.settings import Settings
from miniprogram_api.devtools.fake_registry import DEMO_CLIENT_ID, FakeRegistry
from miniprogram_api.kernel.outbound import Reply
from miniprogram_api.registry.sources import reading
from miniprogram_api.registry.sources.api import ApiSource
from miniprogram_api.registry.sources.port import CursorExpired, SourceRefused, SourceUnavailable
from tests.conftest import Clock
from tests.factories.registry import THEN

pytestmark = pytest.mark.usefixtures("clock")
CHANGES = "/registry/v1/projects/changes"


@pytest.fixture
def source(settings: Settings, fake_registry: FakeRegistry) -> ApiSource:
    return ApiSource(settings.registry)


@pytest.fixture
def grants(fake_registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The requests for a token that reached the registry."""
    seen: list[Any] = []
    real = fake_registry.state.credentials.grant

    def noted(call: Any) -> Any:
        seen.append(call.form)
        return real(call)

    monkeypatch.setattr(fake_registry.state.credentials, "grant", noted)
    return seen


class TestTokens:
    def test_one_is_kept_until_shortly_before_its_end(
        self, source: ApiSource, clock: Clock, grants: list[Any]
    ) -> None:
        source.list_changes(None, limit=100)
        clock.advance(seconds=500)
        source.list_changes(None, limit=100)
        assert len(grants) == 1
        clock.advance(seconds=80)
        source.list_changes(None, limit=100)
        assert len(grants) == 2

    def test_one_that_is_refused_is_replaced_and_the_call_made_again(
        self, source: ApiSource, fake_registry: FakeRegistry, grants: list[Any]
    ) -> None:
        source.list_changes(None, limit=100)
        fake_registry.state.credentials.revoke_all()
        source.list_changes(None, limit=100)
        assert len(grants) == 2

    def test_a_registry_that_refuses_every_token_is_unavailable(
        self, source: ApiSource, fake_registry: FakeRegistry, grants: list[Any]
    ) -> None:
        fake_registry.fault(CHANGES, "401", times=None)
        with pytest.raises(SourceUnavailable, match="401"):
            source.list_changes(None, limit=100)
        assert len(grants) == 2

    @pytest.mark.parametrize("kind", ["rsa", "ec"])
    def test_a_signed_assertion_takes_the_place_of_the_secret(
        self, settings: Settings, fake_registry: FakeRegistry, tmp_path: Path, grants: list[Any], kind: str
    ) -> None:
        key = RSAKey.generate_key(2048) if kind == "rsa" else ECKey.generate_key("P-256")
        fake_registry.state.credentials.add_key(DEMO_CLIENT_ID, dict(key.as_dict(private=False)))
        path = tmp_path / "key.pem"
        path.write_bytes(key.as_pem(private=True))
        own: RegistrySettings = replace(settings.registry, client_secret="", private_key_file=path)
        source = ApiSource(own)
        source.list_changes(None, limit=100)
        assert "client_secret" not in grants[0]
        assert grants[0]["client_assertion"].count(".") == 2

    def test_a_wrong_secret_or_key_is_a_registry_that_is_away(
        self, settings: Settings, fake_registry: FakeRegistry, tmp_path: Path
    ) -> None:
        broken = tmp_path / "key.pem"
        broken.write_text("no key")
        for own in (
            replace(settings.registry, client_secret="wrong"),
            replace(settings.registry, private_key_file=broken),
            replace(settings.registry, private_key_file=tmp_path / "missing.pem"),
        ):
            with pytest.raises(SourceUnavailable, match=r"token|private key"):
                ApiSource(own).list_changes(None, limit=100)


class TestProblems:
    def test_a_void_cursor_is_told_apart(self, source: ApiSource, fake_registry: FakeRegistry) -> None:
        fake_registry.fault(CHANGES, "cursor_expired")
        with pytest.raises(CursorExpired):
            source.list_changes(None, limit=100)
        with pytest.raises(CursorExpired):
            source.list_changes("no cursor of this feed", limit=100)

    def test_a_limit_says_when_to_come_back(self, source: ApiSource, fake_registry: FakeRegistry) -> None:
        fake_registry.fault(CHANGES, "429", times=None)
        with pytest.raises(SourceUnavailable) as refused:
            source.list_changes(None, limit=100)
        assert (refused.value.retry_after_s or 0) > 0

    def test_one_that_asks_to_be_left_alone_is_not_asked_again_at_once(
        self, source: ApiSource, fake_registry: FakeRegistry
    ) -> None:
        fake_registry.fault(CHANGES, "503", times=None, seconds=90)
        with pytest.raises(SourceUnavailable) as refused:
            source.list_changes(None, limit=100)
        assert refused.value.retry_after_s == 90
        assert [fault.hits for fault in fake_registry.state.faults.planned] == [1]

    def test_what_is_said_to_a_paper_can_be_kept_whatever_it_holds(self) -> None:
        told = {"id": "C-1", "state": "rejected", "answer": "不予\x00更正\ud800"}
        assert reading.filed(told, id_name="id").answer == "不予\ufffd更正\ufffd"

    def test_a_wait_may_be_told_as_a_date_and_has_an_end(self) -> None:
        def asked(text: str) -> float | None:
            return reading.asked_wait(Reply(503, {"Retry-After": text}, b""), THEN)

        assert asked("Mon, 23 Nov 2026 02:01:00 GMT") == 60
        assert asked("999999") == 3600
        assert asked("soon") is None

    @pytest.mark.parametrize("fault", ["reset", "truncated", "empty"])
    def test_what_only_reads_is_tried_again(
        self, source: ApiSource, fake_registry: FakeRegistry, fault: str
    ) -> None:
        fake_registry.put("P-0")
        fake_registry.fault(CHANGES, fault, times=2)
        assert len(source.list_changes(None, limit=100).items) == 1

    def test_what_files_something_is_sent_once(
        self, source: ApiSource, fake_registry: FakeRegistry, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fake_registry.put("P-0")
        fake_registry.fault("/registry/v1/corrections", "503")
        correction = {"project_id": "P-0", "field": "name", "held_value": "a", "claimed_value": "b"}
        with pytest.raises(SourceUnavailable):
            source.file_correction(correction, key="k-1")
        assert fake_registry.received["corrections"] == []
        first = source.file_correction(correction, key="k-1")
        assert source.file_correction(correction, key="k-1").id == first.id
        assert len(fake_registry.received["corrections"]) == 1
        assert source.get_correction(first.id).state == "received"

    def test_a_refusal_of_one_request_is_told_by_its_code(self, source: ApiSource) -> None:
        with pytest.raises(SourceRefused) as refused:
            source.get_correction("unknown")
        assert (refused.value.status, refused.value.code) == (404, "not_found")

    def test_an_objection_is_delivered_with_its_files(
        self, source: ApiSource, fake_registry: FakeRegistry
    ) -> None:
        fake_registry.put("P-0", lifecycle="public_notice")
        objection = {
            "project_id": "P-0",
            "reference": "YY-1",
            "title": "异议",
            "text": "数据与公示不符。",
            "person": {"name": "示例", "phone": "00000000000"},
            "filed_at": "2026-11-23T10:00:00+08:00",
        }
        filed = source.file_objection(objection, files=[("1.jpg", "image/jpeg", b"\xff\xd8")], key="o-1")
        assert source.get_objection(filed.id).state == "received"


class TestProjects:
    def test_an_unchanged_one_is_told_by_its_tag(
        self, source: ApiSource, fake_registry: FakeRegistry
    ) -> None:
        fake_registry.put("P-0")
        first = source.get_project("P-0")
        assert first is not None
        assert first.record is not None
        again = source.get_project("P-0", etag=first.etag)
        assert again is not None
        assert (again.etag, again.record) == (first.etag, None)

    def test_a_lying_tag_is_not_believed(self, source: ApiSource, fake_registry: FakeRegistry) -> None:
        fake_registry.put("P-0")
        fake_registry.fault("/registry/v1/projects/*", "lying_etag", times=None)
        found = source.get_project("P-0")
        assert found is not None
        assert found.record is not None
        assert found.etag == f'"v{found.record["version"]}-{found.record["digest"]}"'

    def test_a_removed_and_an_unknown_one(self, source: ApiSource, fake_registry: FakeRegistry) -> None:
        fake_registry.put("P-0")
        fake_registry.tombstone("P-0")
        gone = source.get_project("P-0")
        assert gone is not None
        assert gone.removed
        assert source.get_project("P-1") is None


class TestReading:
    def test_what_is_nested_beyond_reason_is_null_and_the_rest_is_kept(self) -> None:
        deep = b"[" * 100_000 + b'"]}"' + b"]" * 100_000
        content = b'{"items": [{"a": ' + deep + b', "b": 1}, {"c": "[[[{"}]}'
        answer = reading.parse_json(content)
        assert answer["items"][1] == {"c": "[[[{"}
        assert answer["items"][0]["b"] == 1

    @pytest.mark.parametrize("content", [b"", b"<html>", b'{"a": ', b"[" * 100_000, b"\xff"])
    def test_what_is_no_json_is_a_registry_that_is_away(self, content: bytes) -> None:
        with pytest.raises(SourceUnavailable):
            reading.parse_json(content)


def test_a_registry_inside_is_called_only_where_its_network_is_named(settings: Settings) -> None:
    own = replace(
        settings.registry, api_base="https://10.255.0.1/registry/v1", client_id="x", client_secret="y"
    )
    with pytest.raises(SourceUnavailable, match="address"):
        ApiSource(own).list_changes(None, limit=100)
