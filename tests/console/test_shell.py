"""What holds for every page of the console: tokens, headers, failures, navigation, help, files."""

import gzip
import io
import random
from datetime import date

import pytest
from flask import Flask
from PIL import Image

from miniprogram_api.console.navigation import DESKS, SITE_TABS
from miniprogram_api.identity.permissions import PERMISSIONS, Role
from miniprogram_api.kernel.clock import beijing_time
from miniprogram_api.kernel.db import atomic
from tests.factories import sites as site_factory
from tests.factories import visits as visit_factory
from tests.factories.staff import make_staff, open_session, signed_in
from tests.support.pages import PageClient, text_of, title_of
from tests.support.statements import statements

TODAY_AT_ONE = beijing_time(date(2026, 11, 23), 13 * 60)
pytestmark = pytest.mark.usefixtures("clock")


def _auditor(app: Flask) -> PageClient:
    return PageClient(app, signed_in(Role.AUDITOR))


def test_a_form_without_its_token_changes_nothing(app: Flask) -> None:
    person = _auditor(app)
    answer = person.client.post("/console/account/sessions/end-all")
    assert answer.status_code == 400
    assert "刷新" in text_of(answer)
    assert person.get("/console/").status_code == 200


def test_a_form_from_elsewhere_changes_nothing(app: Flask) -> None:
    person = _auditor(app)
    answer = person.post("/console/account/sessions/end-all", headers={"Origin": "https://example.com"})
    assert answer.status_code == 400
    assert person.get("/console/").status_code == 200


@pytest.mark.parametrize("origin", ["http://[", "null", "http://localhost.example.com", ""])
def test_an_odd_origin_is_another_one(app: Flask, origin: str) -> None:
    person = _auditor(app)
    answer = person.post("/console/account/sessions/end-all", headers={"Origin": origin})
    assert answer.status_code == 400
    assert (
        person.client.get("/api/staff/v1/me", headers={"X-Console": "1", "Origin": origin}).status_code == 401
    )


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "today", "\0"])
def test_an_odd_day_in_the_address_is_today(app: Flask, day: str) -> None:
    with atomic() as session:
        site = site_factory.make_site(session)
    person = PageClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
    for page in ("day", "day/print", "bookings/new", "calendar"):
        answer = person.get(f"/console/sites/{site.id}/{page}", query_string={"date": day, "month": day})
        assert answer.status_code == 200, page


def test_a_picture_may_be_larger_than_other_forms(app: Flask) -> None:
    with atomic() as session:
        site = site_factory.make_site(session)
    person = PageClient(app, signed_in(Role.SITE_MANAGER, site_id=site.id))
    noise = Image.frombytes("RGB", (1000, 800), random.Random(1).randbytes(2_400_000))
    png = io.BytesIO()
    noise.save(png, "PNG")
    assert png.tell() > 2_000_000
    png.seek(0)
    path = f"/console/sites/{site.id}/photos"
    told = person.follow(person.post(path, {"file": (png, "入口.png"), "alt": "入口"}))
    assert "照片已上传" in text_of(told)
    huge = person.client.post(path, data={"csrf_token": person._token(), "alt": "x" * 11_000_000})
    assert huge.status_code == 413
    other = person.client.post("/console/sign-out", data={"csrf_token": "x" * 1_100_000})
    assert other.status_code == 413


def test_another_persons_token_is_not_ones_own(app: Flask) -> None:
    person, other = _auditor(app), _auditor(app)
    other.get("/console/account")
    person.get("/console/account")
    stolen = other._token()
    answer = person.client.post("/console/sign-out", data={"csrf_token": stolen})
    assert answer.status_code == 400


def test_pages_load_what_is_ours_and_nothing_else(app: Flask) -> None:
    answer = _auditor(app).get("/console/")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "<script>" not in answer.text
    assert " style=" not in answer.text
    assert " onclick=" not in answer.text


def test_an_unknown_address_is_a_page_in_plain_words(app: Flask) -> None:
    answer = _auditor(app).get("/console/no/such/page")
    assert answer.status_code == 404
    assert "没有找到" in title_of(answer)
    assert "权限范围" in text_of(answer)


def test_a_page_that_may_not_be_seen_says_so(app: Flask) -> None:
    with atomic() as session:
        newcomer = PageClient(app, open_session(session, make_staff(session, role=None).id))
    start = newcomer.get("/console/")
    assert start.status_code == 200
    assert "还没有角色" in text_of(start)


def test_a_fault_of_ours_is_a_page_that_tells_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("miniprogram_api.console.views.start.list_waiting", fail)
    answer = _auditor(app).get("/console/")
    assert answer.status_code == 500
    assert "系统出了点问题" in text_of(answer)
    assert "secret detail" not in answer.text


def test_the_menu_has_no_dead_entry(app: Flask) -> None:
    endpoints = {endpoint.removeprefix("console.") for endpoint in app.view_functions}
    entries = [*SITE_TABS, *(entry for desk in DESKS for entry in desk.entries)]
    assert [entry.endpoint for entry in entries if entry.endpoint not in endpoints] == []
    assert {entry.permission for entry in entries} <= PERMISSIONS.keys()
    assert [name for entry in entries for name in entry.within if name not in endpoints] == []


def test_help_is_in_the_same_place_and_opens(app: Flask) -> None:
    person = _auditor(app)
    for path in ("/console/", "/console/account", "/console/account/password"):
        assert 'id="help-link"' in person.get(path).text
    assert "怎样登录" in text_of(PageClient(app).get("/console/help/sign-in"))
    assert person.get("/console/help/none").status_code == 404


def test_the_start_page_shows_the_day_in_few_statements(app: Flask) -> None:
    def make(count: int) -> None:
        with atomic() as session:
            for _ in range(count):
                site = site_factory.make_site(session, operator_id=operator.id)
                slot = visit_factory.make_slot(session, site.id, starts_at=TODAY_AT_ONE, capacity=10)
                visit_factory.make_booking(session, slot, adults=2)

    with atomic() as session:
        operator = site_factory.make_organisation(session)
    person = PageClient(app, signed_in(Role.SITE_MANAGER, organisation_id=operator.id))
    make(1)
    person.get("/console/")  # what is read once and kept is read
    with statements() as few:
        assert "2 / 10 人" in text_of(person.get("/console/"))
    make(20)
    with statements() as many:
        person.get("/console/")
    assert len(many) == len(few) <= 12


def test_the_day_of_other_peoples_sites_is_not_shown(app: Flask) -> None:
    with atomic() as session:
        own, other = (site_factory.make_site(session, name=name) for name in ("南湖", "净月"))
        for site in (own, other):
            visit_factory.make_slot(session, site.id, starts_at=TODAY_AT_ONE)
    text = text_of(PageClient(app, signed_in(Role.GATE, site_id=own.id)).get("/console/"))
    assert own.name in text
    assert other.name not in text


def test_files_are_kept_for_good_under_their_hash(app: Flask) -> None:
    person = PageClient(app)
    page = person.get("/console/sign-in").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0].replace("&amp;", "&")
    plain = person.client.get(address)
    squeezed = person.client.get(address, headers={"Accept-Encoding": "gzip"})
    assert "immutable" in plain.headers["Cache-Control"]
    assert gzip.decompress(squeezed.data) == plain.data
    assert squeezed.headers["Content-Encoding"] == "gzip"
    assert "immutable" not in person.client.get(address.split("?")[0]).headers["Cache-Control"]
    assert person.get("/console/static/../app.py").status_code == 404


def test_the_api_takes_the_cookie_of_a_page_and_of_nothing_else(app: Flask) -> None:
    client = _auditor(app).client
    assert client.get("/api/staff/v1/me").status_code == 401
    assert client.get("/api/staff/v1/me", headers={"X-Console": "1"}).status_code == 200
    elsewhere = {"X-Console": "1", "Origin": "https://example.com"}
    assert client.get("/api/staff/v1/me", headers=elsewhere).status_code == 401
    assert client.get("/api/v1/me", headers={"X-Console": "1"}).status_code == 401
    both = {"X-Console": "1", "Authorization": "Bearer st_x"}
    assert client.get("/api/staff/v1/me", headers=both).status_code == 401
