"""Reading the registry's records: size, shape and digest first, and what becomes of one by its version."""

import hashlib
from typing import Any

import pytest

from miniprogram_api.registry.rules.lifecycles import is_jump
from miniprogram_api.registry.rules.records import (
    ChangeRecord,
    Unreadable,
    Verdict,
    decide,
    digest_of,
    read_record,
    web_address,
    withdrawal_of,
)
from tests.factories.registry import THEN, change


def fault_of(raw: Any) -> tuple[str, str]:
    read = read_record(raw).record
    assert isinstance(read, Unreadable), read
    return read.fault.value, read.detail


def record(version: int, **changes: Any) -> ChangeRecord:
    read = read_record(change(version=version, **changes)).record
    assert isinstance(read, ChangeRecord), read
    return read


def nested(depth: int) -> Any:
    value: Any = None
    for _ in range(depth):
        value = [value]
    return value


def test_a_whole_record_reads_with_its_data_as_it_came() -> None:
    raw = change(extra={"of": "the future"})
    read = read_record(raw).record
    assert isinstance(read, ChangeRecord)
    assert (read.project_id, read.version, read.data) == ("P-001", 1, raw["data"])


def test_the_digest_is_of_the_canonical_json() -> None:
    assert digest_of({"b": 1, "a": "零碳"}) == hashlib.sha256('{"a":"零碳","b":1}'.encode()).hexdigest()


@pytest.mark.parametrize(
    ("raw", "detail"),
    [
        (None, "record: type"),
        ([], "record: type"),
        ("x", "record: type"),
        ({}, "record: required"),
        (change(record={"op": "merge"}), "op: enum"),
        (change(record={"version": 0}), "version: minimum"),
        (change(record={"version": "1"}), "version: type"),
        (change(record={"version": 2**53}), "numbers"),
        (change(record={"schema": "project/2"}), "schema: const"),
        (change(record={"digest": "x"}), "digest: pattern"),
        (change(record={"occurred_at": "yesterday"}), "occurred_at: instant"),
        (change(record={"occurred_at": "2026-11-23T09:30:00"}), "occurred_at: instant"),
        (change(record={"occurred_at": "0001-01-01T00:00:00+14:00"}), "occurred_at: instant"),
        (change(record={"data": None}), "data: type"),
        (change(record={"project_id": "P-002"}), "data.project_id: other"),
        (change(record={"lifecycle": "withdrawn"}), "data.lifecycle: other"),
        (change(lifecycle="merged"), "data.lifecycle: enum"),
        (change(lifecycle="recalled"), "data.lifecycle: enum"),
        (change(name=""), "data.name: minLength"),
        (change(name="长" * 121), "data.name: maxLength"),
        (change(name="a\x00b"), "characters"),
        (change() | {"data": {"name": "\ud800"}}, "characters"),
        (change(geometry=None), "data.geometry: type"),
        (change(geometry=None, datum=None), "data.geometry: type"),
        (change(datum="BD09"), "data.datum: enum"),
        (change(geometry={"type": "Point", "coordinates": [0, 91]}), "data.geometry.coordinates.1: maximum"),
        (change(lifecycle_since="2026-02-30"), "data.lifecycle_since: date"),
        (change(notice={"from": "2026-13-01", "until": "2026-12-01"}), "data.notice.from: date"),
        (change(withdrawal={"effective_at": "2026-12-01"}), "withdrawal.effective_at: instant"),
        (change(education_base={}), "data.education_base: required"),
        (change(operator={"name": 1}), "data.operator.name: type"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_without_its_value(raw: Any, detail: str) -> None:
    assert fault_of(raw) == ("schema_invalid", detail)


def test_infinity_is_no_number_of_json() -> None:
    raw = change()
    raw["data"]["official_summary"] = float("inf")
    assert fault_of(raw) == ("schema_invalid", "numbers")


def test_a_wrong_digest_is_told_from_a_wrong_shape() -> None:
    raw = change()
    raw["data"]["name"] = "另一个名字"
    assert fault_of(raw) == ("digest_mismatch", "digest")


def test_a_record_too_large_is_known_by_its_hash_and_size_alone() -> None:
    reading = read_record(change(official_summary="x" * 10_000_000))
    assert reading.text is None
    assert reading.size > 10_000_000
    assert isinstance(reading.record, Unreadable)
    assert (reading.record.project_id, reading.record.detail) == ("P-001", "size")


@pytest.mark.parametrize("depth", [30, 5_000, 200_000])
def test_no_depth_is_too_deep_to_be_refused(depth: int) -> None:
    read = read_record({"project_id": "P-001", "version": 7, "data": nested(depth)}).record
    assert isinstance(read, Unreadable)
    assert (read.project_id, read.version, read.detail) == ("P-001", 7, "depth")


def test_a_value_that_holds_itself_is_refused() -> None:
    ring: dict[str, Any] = {"project_id": "P-001"}
    ring["data"] = ring
    assert fault_of(ring) == ("schema_invalid", "depth")


def test_a_tombstone_and_a_recall_need_no_data() -> None:
    for op in ("tombstone", "recall"):
        assert isinstance(read_record(change(op=op, data=None)).record, ChangeRecord)


@pytest.mark.parametrize(
    ("version", "held", "same", "barrier", "verdict"),
    [
        (1, None, None, None, Verdict.APPLY),
        (5, 4, False, None, Verdict.APPLY),
        (9, 4, False, None, Verdict.APPLY),
        (4, 4, True, None, Verdict.DUPLICATE),
        (4, 4, False, None, Verdict.CONFLICT),
        (3, 4, False, None, Verdict.STALE),
        (3, 4, True, None, Verdict.STALE),
        (5, 4, False, 6, Verdict.FROZEN),
        (6, 4, False, 6, Verdict.APPLY),
        (7, 4, False, 6, Verdict.APPLY),
        (4, 4, True, 6, Verdict.DUPLICATE),
        (3, None, None, 6, Verdict.FROZEN),
        (3, None, None, 0, Verdict.APPLY),
    ],
)
def test_the_version_decides_then_the_digest(
    version: int, held: int | None, same: bool | None, barrier: int | None, verdict: Verdict
) -> None:
    read = record(version)
    digest = None if held is None else read.digest if same else "0" * 64
    assert decide(read, version=held, digest=digest, barrier=barrier) is verdict


def test_a_withdrawal_without_a_date_takes_effect_when_it_was_decided() -> None:
    read = record(2, lifecycle="withdrawn", record={"reason_code": "failed", "doc_no": "撤〔2026〕1号"})
    withdrawal = withdrawal_of(read, received_at=THEN)
    assert withdrawal.effective_at == read.occurred_at
    assert (withdrawal.reason_code, withdrawal.doc_no) == ("failed", "撤〔2026〕1号")


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("https://example.gov.cn/notices/31?a=1#b", True),
        ("http://example.gov.cn:8080/公示.html", True),
        ("HTTPS://example.gov.cn/", True),
        ("javascript:alert(1)", False),
        ("data:text/html,x", False),
        ("ftp://example.gov.cn/a", False),
        ("//example.gov.cn/a", False),
        ("https:///a", False),
        ("https://[broken", False),
        ("https://example.gov.cn/a b", False),
        ("https://example.gov.cn/\nx", False),
        ("", False),
        (None, False),
    ],
)
def test_only_an_address_of_the_web_is_one(text: str | None, fit: bool) -> None:
    assert web_address(text) == (text if fit else None)


@pytest.mark.parametrize(
    ("before", "after", "jump"),
    [
        ("applied", "under_review", False),
        ("titled", "re_review", False),
        ("re_review", "titled", False),
        ("titled", "withdrawn", False),
        ("titled", "titled", False),
        ("applied", "titled", True),
        ("withdrawn", "titled", True),
        ("titled", "applied", True),
        ("", "titled", True),
    ],
)
def test_a_step_that_there_is_not_is_a_jump(before: str, after: str, jump: bool) -> None:
    assert is_jump(before, after) is jump
