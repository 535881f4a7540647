"""The fake registry against the contract, over raw HTTP: tokens, feed, snapshots, projects, dictionaries."""

import hashlib
import json
import threading
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

import miniprogram_api
from miniprogram_api.devtools.fake_registry import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET, FakeRegistry
from tests.devtools.conftest import MORNING
from tests.support.registry_caller import RegistryCaller

pytestmark = pytest.mark.once

DAY_S = 86_400


def _canonical(data: Any) -> bytes:
    """RFC 8785 of values that need no more than sorted keys: no floats but coordinates, ASCII names."""
    return json.dumps(data, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _schema(name: str) -> Any:
    folder = Path(miniprogram_api.__file__).parent / "registry" / "contract"
    return json.loads((folder / f"{name}.schema.json").read_text())


class TestTokens:
    @pytest.mark.parametrize("in_header", [False, True])
    def test_a_client_secret_opens_in_the_form_and_in_the_header(
        self, registry: FakeRegistry, caller: RegistryCaller, in_header: bool
    ) -> None:
        auth = (DEMO_CLIENT_ID, DEMO_CLIENT_SECRET) if in_header else None
        form = {} if in_header else {"client_id": DEMO_CLIENT_ID, "client_secret": DEMO_CLIENT_SECRET}
        answer = caller.http.post(
            f"{registry.api_base}/oauth/token",
            data=form | {"grant_type": "client_credentials"},
            auth=auth,
            timeout=5,
        )
        granted = answer.json()
        assert granted["token_type"] == "Bearer"
        assert 0 < granted["expires_in"] <= 600
        assert "projects.read" in granted["scope"].split()

    def test_a_signed_assertion_opens_once(self, registry: FakeRegistry, caller: RegistryCaller) -> None:
        key = ECKey.generate_key("P-256")
        caller.control("POST", "keys", jwk=key.as_dict(private=False))
        claims = {
            "iss": DEMO_CLIENT_ID,
            "sub": DEMO_CLIENT_ID,
            "aud": f"{registry.api_base}/oauth/token",
            "exp": int(MORNING) + 60,
            "jti": "first",
        }

        def ask(**changes: Any) -> Any:
            return caller.fetch_token(
                client_id="",
                client_secret="",
                client_assertion_type="urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
                client_assertion=jwt.encode({"alg": "ES256"}, claims | changes, key),
            )

        assert ask().status_code == 200
        assert ask().json()["error"] == "invalid_client"
        for wrong in ({"aud": "https://elsewhere"}, {"exp": int(MORNING) - 600}, {"sub": "somebody"}):
            assert ask(jti=str(wrong), **wrong).status_code == 401

    def test_wrong_credentials_and_scopes_are_refused(self, caller: RegistryCaller) -> None:
        assert caller.fetch_token(client_secret="wrong").json()["error"] == "invalid_client"
        assert caller.fetch_token(client_id="nobody").status_code == 401
        assert caller.fetch_token(scope="everything").json()["error"] == "invalid_scope"
        assert caller.fetch_token(grant_type="password").json()["error"] == "unsupported_grant_type"

    def test_a_token_ends_after_ten_minutes_and_opens_its_scopes_only(self, caller: RegistryCaller) -> None:
        caller.token = caller.fetch_token(scope="projects.read").json()["access_token"]
        caller.changes()
        refused = caller.call("POST", "/corrections", json={})
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
        caller.control("POST", "clock", advance_s=600)
        ended = caller.get("/projects/changes")
        assert (ended.status_code, ended.json()["code"]) == (401, "auth_invalid")

    def test_nothing_is_told_without_a_token(self, caller: RegistryCaller) -> None:
        caller.token = "guessed"
        for path in ("/projects/changes", "/projects", "/projects/P1", "/dictionaries/types"):
            answer = caller.get(path)
            assert answer.status_code == 401
            assert answer.headers["Content-Type"] == "application/problem+json"


class TestRecords:
    def test_a_change_carries_the_full_state_and_its_digest(
        self, registry: FakeRegistry, caller: RegistryCaller
    ) -> None:
        registry.put("P1", lifecycle="titled", geometry=None, education_base={"designated": True})
        assert registry.put("P1", name="新名") == 2
        first, second = caller.all_changes()
        assert (second["version"], second["op"], second["schema"]) == (2, "upsert", "project/1")
        assert second["changed_fields"] == ["name"]
        assert second["data"] == first["data"] | {"name": "新名"}
        assert second["digest"] == hashlib.sha256(_canonical(second["data"])).hexdigest()
        assert second["occurred_at"] == "2026-05-20T11:30:10.000+08:00"

    def test_a_merge_deletes_by_null_and_replaces_lists(self, registry: FakeRegistry) -> None:
        medium = {"url": "https://example.org/1.jpg", "sha256": "0" * 64, "mime": "image/jpeg"}
        registry.put("P1", operator={"name": "甲", "uscc": "91220101"}, official_media=[medium, medium])
        registry.put("P1", operator={"uscc": None}, official_media=[medium], name_en=None)
        data = registry.record("P1")["data"]
        assert data["operator"] == {"name": "甲", "uscc": None}
        assert data["official_media"] == [medium]
        registry.put("P1", operator=None, geometry=None)
        data = registry.record("P1")["data"]
        assert (data["operator"], data["geometry"], data["datum"]) == (None, None, None)

    def test_what_a_lifecycle_needs_is_filled_in(self, registry: FakeRegistry) -> None:
        registry.put("P1")
        assert registry.record("P1")["lifecycle"] == "applied"
        registry.put("P1", lifecycle="public_notice")
        assert registry.record("P1")["data"]["notice"]["until"] == "2026-05-29"
        registry.put("P1", lifecycle="titled")
        assert registry.record("P1")["data"]["title"]["date"] == "2026-05-20"
        registry.put("P1", lifecycle="withdrawn", withdrawal={"reason_code": "failed_review"})
        record = registry.record("P1")
        assert record["data"]["withdrawal"]["effective_at"] == record["occurred_at"]
        assert record["reason_code"] == "failed_review"
        registry.put("P1", withdrawal={"effective_at": "2026-06-01"})
        assert registry.record("P1")["data"]["withdrawal"]["effective_at"] == "2026-06-01T00:00:00+08:00"
        registry.put("P1", lifecycle="titled")
        assert registry.record("P1")["data"]["withdrawal"] is None

    def test_removal_and_recall_are_versions_too(
        self, registry: FakeRegistry, caller: RegistryCaller
    ) -> None:
        registry.put("P1", lifecycle="titled")
        assert (registry.recall("P1"), registry.tombstone("P1")) == (2, 3)
        assert [(item["op"], item["data"]) for item in caller.all_changes()[1:]] == [
            ("recall", None),
            ("tombstone", None),
        ]
        assert registry.put("P1", name="又来了") == 4
        assert registry.record("P1")["lifecycle"] == "titled"
        with pytest.raises(KeyError):
            registry.recall("P9")

    def test_every_record_keeps_to_the_schemas_of_the_contract(
        self, registry: FakeRegistry, caller: RegistryCaller
    ) -> None:
        for lifecycle in _schema("project-1")["properties"]["lifecycle"]["enum"]:
            registry.put(f"P-{lifecycle}", lifecycle=lifecycle)
            registry.put("P1", lifecycle=lifecycle, operator={"name": "甲"}, education_base=True)
        registry.put("P2", title={"doc_no": "文号"}, notice={"url": "https://example.org"})
        registry.recall("P1")
        registry.tombstone("P1")
        for record in caller.all_changes():
            jsonschema.validate(record, _schema("change-1"))
            if record["data"] is not None:
                jsonschema.validate(record["data"], _schema("project-1"))


class TestFeed:
    def test_pages_follow_each_other_without_gap(
        self, registry: FakeRegistry, caller: RegistryCaller
    ) -> None:
        for number in range(7):
            registry.put(f"P{number}")
        pages = [caller.changes(limit=3)]
        assert 'rel="next"' in caller.get("/projects/changes", limit=3).headers["Link"]
        while pages[-1]["has_more"]:
            pages.append(caller.changes(pages[-1]["next_cursor"], limit=3))
        assert [len(page["items"]) for page in pages] == [3, 3, 1]
        assert [item["seq"] for page in pages for item in page["items"]] == list(range(1, 8))
        last = pages[-1]["next_cursor"]
        assert caller.changes(last)["next_cursor"] == last
        registry.put("P7")
        assert [item["project_id"] for item in caller.changes(last)["items"]] == ["P7"]

    def test_no_record_is_lost_or_out_of_order_while_many_write(
        self, registry: FakeRegistry, caller: RegistryCaller
    ) -> None:
        writers = [
            threading.Thread(target=lambda: [registry.put(f"P{turn % 5}") for turn in range(40)])
            for _ in range(8)
        ]
        for writer in writers:
            writer.start()
        seen: list[Any] = []
        cursor = None
        while len(seen) < 320:
            page = caller.changes(cursor, limit=500)
            cursor = page["next_cursor"]
            seen += page["items"]
        for writer in writers:
            writer.join()
        assert [item["seq"] for item in seen] == list(range(1, 321))
        for project in range(5):
            versions = [item["version"] for item in seen if item["project_id"] == f"P{project}"]
            assert versions == list(range(1, 65))

    def test_a_cursor_reaches_back_thirty_days(self, registry: FakeRegistry, caller: RegistryCaller) -> None:
        start = caller.changes()["next_cursor"]
        registry.put("P1")
        caller.control("POST", "clock", advance_s=30 * DAY_S)
        caller.token = caller.fetch_token().json()["access_token"]
        assert len(caller.changes(start)["items"]) == 1
        caller.control("POST", "clock", advance_s=1)
        answer = caller.get("/projects/changes", cursor=start)
        assert (answer.status_code, answer.json()["code"]) == (410, "cursor_expired")

    @pytest.mark.parametrize("cursor", ["x", "%%%", "MTIz", "ZTox-", "长春"])
    def test_a_cursor_that_was_never_given_is_refused(self, caller: RegistryCaller, cursor: str) -> None:
        answer = caller.get("/projects/changes", cursor=cursor)
        assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")

    def test_a_page_has_at_most_five_hundred(self, registry: FakeRegistry, caller: RegistryCaller) -> None:
        for number in range(501):
            registry.put(f"P{number}")
        assert len(caller.changes(limit=10_000)["items"]) == 500
        assert len(caller.changes()["items"]) == 100
        assert caller.get("/projects/changes", limit="many").status_code == 422

    def test_a_new_epoch_voids_every_cursor(self, registry: FakeRegistry, caller: RegistryCaller) -> None:
        registry.put("P1")
        old = caller.changes()
        registry.put("P1", name="只在快照里")
        caller.control("POST", "epoch")
        page = caller.changes(old["next_cursor"])
        assert page["feed_epoch"] != old["feed_epoch"]
        assert page["items"] == []
        assert registry.put("P1") == 3
        assert [item["seq"] for item in caller.changes(page["next_cursor"])["items"]] == [1]


class TestSnapshots:
    def test_it_stands_still_while_projects_change(
        self, registry: FakeRegistry, caller: RegistryCaller
    ) -> None:
        for number in range(5):
            registry.put(f"P{number}")
        first = caller.get("/projects", snapshot="new", limit=2).json()
        for number in range(6):
            registry.put(f"P{number}", name="改过")
        items, cursor = list(first["items"]), first["next_cursor"]
        while cursor:
            page = caller.get("/projects", snapshot=first["snapshot"], cursor=cursor, limit=2).json()
            assert page["resume_cursor"] == first["resume_cursor"]
            items, cursor = items + page["items"], page["next_cursor"]
        assert [(item["project_id"], item["version"]) for item in items] == [(f"P{n}", 1) for n in range(5)]
        missed = caller.changes(first["resume_cursor"])["items"]
        assert [(item["project_id"], item["version"]) for item in missed] == [
            *[(f"P{n}", 2) for n in range(5)],
            ("P5", 1),
        ]

    def test_snapshot_and_feed_from_its_cursor_give_the_present_state_while_many_write(
        self, registry: FakeRegistry, caller: RegistryCaller
    ) -> None:
        stopped = threading.Event()

        def write() -> None:
            turn = 0
            while not stopped.is_set():
                registry.put(f"P{turn % 20}", name=f"名{turn}")
                turn += 1

        writers = [threading.Thread(target=write) for _ in range(4)]
        for writer in writers:
            writer.start()
        page = caller.get("/projects", limit=500).json()
        stopped.set()
        for writer in writers:
            writer.join()
        held = {item["project_id"]: item for item in page["items"]}
        cursor, has_more = page["resume_cursor"], True
        while has_more:
            changes = caller.changes(cursor, limit=500)
            held |= {item["project_id"]: item for item in changes["items"]}
            cursor, has_more = changes["next_cursor"], changes["has_more"]
        assert held == {name: registry.record(name) for name in held}
        assert len(held) == 20

    def test_the_digest_view_holds_what_reconciliation_compares(
        self, registry: FakeRegistry, caller: RegistryCaller
    ) -> None:
        registry.put("P1")
        registry.put("P2")
        registry.tombstone("P2")
        (item,) = caller.get("/projects", view="digest").json()["items"]
        record = registry.record("P1")
        assert item == {name: record[name] for name in ("project_id", "version", "digest")}
        assert caller.get("/projects", view="short").status_code == 422

    def test_one_that_is_gone_says_so(self, caller: RegistryCaller) -> None:
        taken = caller.get("/projects").json()["snapshot"]
        caller.control("POST", "clock", advance_s=3601)
        caller.token = caller.fetch_token().json()["access_token"]
        for snapshot in (taken, "unknown"):
            assert caller.get("/projects", snapshot=snapshot).json()["code"] == "cursor_expired"


class TestObjects:
    def test_a_project_has_a_strong_etag(self, registry: FakeRegistry, caller: RegistryCaller) -> None:
        registry.put("P1", lifecycle="withdrawn")
        answer = caller.get("/projects/P1")
        record = answer.json()
        assert answer.headers["ETag"] == f'"v1-{record["digest"]}"'
        held = {"If-None-Match": answer.headers["ETag"]}
        assert caller.call("GET", "/projects/P1", headers=held).status_code == 304
        registry.put("P1", name="新名")
        assert caller.call("GET", "/projects/P1", headers=held).json()["version"] == 2

    def test_a_removed_project_is_gone_with_its_record_and_an_unknown_one_is_not_found(
        self, registry: FakeRegistry, caller: RegistryCaller
    ) -> None:
        registry.put("P1")
        registry.tombstone("P1")
        gone = caller.get("/projects/P1")
        assert (gone.status_code, gone.json()["op"], gone.json()["version"]) == (410, "tombstone", 2)
        assert caller.get("/projects/P2").json()["code"] == "not_found"
        assert caller.get("/nowhere").json()["code"] == "not_found"
        assert caller.call("DELETE", "/projects/P1").status_code == 404

    @pytest.mark.parametrize("name", ["types", "levels", "districts"])
    def test_a_dictionary_has_a_version_and_an_etag(self, caller: RegistryCaller, name: str) -> None:
        answer = caller.get(f"/dictionaries/{name}")
        dictionary = answer.json()
        assert dictionary["name"] == name
        held = {"If-None-Match": answer.headers["ETag"]}
        assert caller.call("GET", f"/dictionaries/{name}", headers=held).status_code == 304
        items = [*dictionary["items"], {"code": "port", "name": "港口"}]
        caller.control("PUT", f"dictionaries/{name}", items=items)
        changed = caller.call("GET", f"/dictionaries/{name}", headers=held).json()
        assert changed["items"][-1] == {
            "code": "port",
            "name": "港口",
            "valid_from": None,
            "valid_to": None,
        }
        assert changed["dictionary_version"] != dictionary["dictionary_version"]


def test_ten_thousand_projects_fit_in_snapshots_and_feed(
    registry: FakeRegistry, caller: RegistryCaller
) -> None:
    for number in range(10_000):
        registry.put(f"P{number:05}", lifecycle="titled")
    assert len(caller.all_changes(limit=500)) == 10_000
    assert len(caller.get("/projects", limit=500).json()["items"]) == 500
