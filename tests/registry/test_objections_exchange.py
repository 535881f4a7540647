"""Objections over real HTTP: the registry has each once, whatever gets lost, and its word comes back."""

from typing import Any

import pytest
import requests
from flask import Flask

from miniprogram_api.devtools.fake_registry import FakeRegistry
from miniprogram_api.devtools.fake_wechat import FakeWeChat
from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic
from miniprogram_api.registry import jobs_objections as jobs
from miniprogram_api.registry.models import ObjectionState
from tests.conftest import Clock
from tests.factories.notices import make_notice
from tests.factories.staff import signed_in
from tests.support.clients import BearerClient
from tests.support.objections import PERSON, TEXT, Objector, held

PROJECT = "CC-2026-0031"


@pytest.fixture
def alice(app: Flask, clock: Clock, fake_wechat: FakeWeChat, fake_registry: FakeRegistry) -> Objector:
    fake_registry.put(PROJECT, lifecycle="public_notice")
    with atomic() as session:
        make_notice(session, PROJECT)
    return Objector(app, fake_wechat)


def decide(fake: FakeRegistry, objection_id: str, **word: Any) -> None:
    answer = requests.put(f"{fake.base_url}/_fake/objections/{objection_id}", json=word, timeout=10)
    assert answer.status_code == 200, answer.text


def test_an_objection_with_pictures_goes_there_and_its_answer_comes_back(
    app: Flask, alice: Objector, fake_registry: FakeRegistry, clock: Clock
) -> None:
    filed = alice.objected(PROJECT, file_ids=[alice.uploaded(), alice.uploaded()])
    jobs.check_objections()
    reviewer = BearerClient(app, signed_in(Role.REVIEWER))
    assert reviewer.post(f"/api/staff/v1/objections/{filed}/release").status_code == 200
    jobs.deliver_objections()

    [paper] = fake_registry.received["objections"]
    assert (paper["project_id"], paper["text"], paper["person"]) == (PROJECT, TEXT, PERSON)
    assert [file["type"] for file in paper["files"]] == ["image/jpeg", "image/jpeg"]
    assert alice.look(filed)["delivery"]["registry_id"] == paper["objection_id"]

    decide(fake_registry, paper["objection_id"], state="accepted", answer="情况属实，已责令整改。")
    clock.advance(minutes=10)
    jobs.follow_objections()

    shown = alice.look(filed)
    assert (shown["state"], shown["answer"]["text"]) == ("accepted", "情况属实，已责令整改。")


@pytest.mark.parametrize("fault", ["truncated", "html", "empty", "reset", "500", "503", "429"])
def test_whatever_answer_is_lost_the_registry_has_it_once(
    alice: Objector, fake_registry: FakeRegistry, clock: Clock, fault: str
) -> None:
    fake_registry.fault("/objections", fault, times=1)
    filed = alice.objected(PROJECT)
    jobs.check_objections()
    jobs.deliver_objections()
    clock.advance(minutes=5)
    jobs.deliver_objections()

    assert held(filed).state is ObjectionState.DELIVERED
    [paper] = fake_registry.received["objections"]
    assert paper["objection_id"] == held(filed).registry_id


def test_a_project_that_the_registry_does_not_know_is_for_a_person(
    alice: Objector, fake_registry: FakeRegistry
) -> None:
    with atomic() as session:
        make_notice(session, "CC-unknown")
    filed = alice.objected("CC-unknown")
    jobs.check_objections()
    jobs.deliver_objections()
    assert (held(filed).state, held(filed).last_error) == (ObjectionState.RETURNED, "schema_invalid")
