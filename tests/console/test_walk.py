"""The console as its people walk through it: no link leads nowhere, each page is light, files are kept."""

import gzip
import re
from collections import Counter
from collections.abc import Generator
from datetime import datetime
from html import unescape
from posixpath import normpath

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from config.settings import Settings
from miniprogram_api.console import navigation
from miniprogram_api.console.words.audit_fields import TECHNICAL
from miniprogram_api.console.words.audit_values import say_facts
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.audit import AuditRow
from miniprogram_api.kernel.clock import BEIJING
from miniprogram_api.kernel.db import reading
from tests.support.console_walk import Visit, pages_of, walk_everybody
from tests.support.demonstration import copied, load_once

pytestmark = pytest.mark.once

MONDAY = datetime(2026, 11, 23, 10, 0, tzinfo=BEIJING)
MOST_BYTES = 100_000
MOST_STATEMENTS = 12
# What a change of the opening hours would make and hit is worked out by the service that carries it out.
PREVIEWS, MOST_TO_PREVIEW = {"retire_rule", "lift_closure"}, 20
# The figures have charts, the gate reads pictures of a camera, and the editor is one.
HEAVY = {"show_figures", "open_gate", "edit_article"}
# A page that is only come to by a refusal, not by a link.
WITHOUT_A_LINK = {
    "prove_again",
    # What no account, device, letter or objection of the demonstration is in the state for.
    "approve_grant",
    "close_conflict",
    "confirm_discard",
    "correct_feedback_answer",
    "correct_no_show",
    "enable_staff_member",
    "keep_word",
    "open_invitation",
    "reset_second_factor",
    "restore_device",
    "restore_grant",
    "send_official_again",
    "show_made_booking",
    "show_objection_file",
    "waive_strike",
    # What the editor asks for in JSON.
    "pick_articles",
    "pick_assets",
    "pick_sites",
    "show_picture",
    "show_token",
    # What a tablet opens, and a file that its page starts.
    "pair_gate",
    "send_gate_worker",
}
# The help link and the second factor lead away from a task and back to it.
WITHOUT_A_PLACE = {"show_help", "prove_again"}
# These two are one entry of the menu, and have tabs of their own that mark which is at hand.
TWO_MARKS = {"list_requests", "list_erasures"}
# Before signing in, a gate's own page, files, and addresses that only send on.
NO_SHELL = {
    "enrol_second_factor",
    "export_day",
    "export_trail",
    "open_invitation",
    "pair_gate",
    "pick_articles",
    "pick_assets",
    "pick_sites",
    "refuse_unknown",
    "send_asset",
    "send_figures",
    "send_gate_worker",
    "send_reading",
    "show_feedback_picture",
    "show_objection_file",
    "show_picture",
    "show_token",
    "sign_in",
    "sign_in_with_code",
    "sign_out",
    "unpair_gate",
}
_FILES = re.compile(r'<(?:link|script|img|use)\b[^>]*?\b(?:href|src)="(/console/static/[^"#]+)')
_HELP = re.compile(r'<a\b[^>]*href="/console/help/([\w-]+)"[^>]*id="help-link"')
WITHOUT_A_GUIDE = {"start", "show_help", "open_gate", "send_figures", "print_day"}
_IMPORTS = re.compile(r'\bfrom\s*"(\./[^"]+)"')


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return load_once(tmp_path_factory, MONDAY)


@pytest.fixture(scope="module")
def demo(installed: Settings, tmp_path_factory: pytest.TempPathFactory) -> Generator[Flask]:
    with copied(installed, tmp_path_factory.mktemp("walk") / "copy") as app:
        yield app


@pytest.fixture(scope="module")
def visits(demo: Flask) -> list[Visit]:
    kernel_clock.freeze(MONDAY)
    found = list(walk_everybody(demo))
    kernel_clock.reset()
    return found


@pytest.fixture
def client(demo: Flask) -> FlaskClient:
    return demo.test_client()


def _files_of(visit: Visit) -> set[str]:
    return {unescape(address) for address in _FILES.findall(visit.answer.text)} if visit.is_page else set()


def _weight(client: FlaskClient, address: str) -> int:
    """What a file and the modules that it imports weigh on the way to a browser."""
    answer = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert answer.status_code == 200, address
    imported = _IMPORTS.findall(_text(answer.data)) if answer.mimetype == "text/javascript" else []
    folder = address.partition("?")[0].rpartition("/")[0]
    return len(answer.data) + sum(_weight(client, normpath(f"{folder}/{name}")) for name in imported)


def _text(data: bytes) -> str:
    return (gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data).decode()


def test_every_link_leads_to_a_page_that_who_sees_it_may_open(visits: list[Visit]) -> None:
    assert [str(visit) for visit in visits if visit.answer.status_code >= 400] == []


def test_every_page_is_reached_by_a_link(demo: Flask, visits: list[Visit]) -> None:
    reached = {visit.endpoint for visit in visits}
    assert {name for name in pages_of(demo) if name not in reached} <= WITHOUT_A_LINK


def test_each_page_marks_its_place_in_the_menu(visits: list[Visit]) -> None:
    marks = {
        visit.endpoint: count
        for visit in visits
        if visit.is_page and 'id="sidebar"' in visit.answer.text and visit.endpoint not in WITHOUT_A_PLACE
        for count in [visit.answer.text.count('aria-current="page"')]
    }
    assert len(marks) > 70
    wrong = {name: count for name, count in marks.items() if count != 1 + (name in TWO_MARKS)}
    assert wrong == {}


def test_every_address_of_the_console_has_its_place_in_the_menu_once(demo: Flask) -> None:
    """Also those that the walk does not come by, or that show a page only when a form is refused."""
    endpoints = {
        rule.endpoint.removeprefix("console.")
        for rule in demo.url_map.iter_rules()
        if rule.endpoint.startswith("console.")
    }
    entries = [entry for desk in navigation.DESKS for entry in desk.entries] + [*navigation.SITE_TABS]
    placed = [name for entry in entries for name in (entry.endpoint, *entry.within)]
    placed += navigation.ACCOUNT_PAGES
    assert [name for name, count in Counter(placed).items() if count > 1] == []
    assert endpoints - set(placed) == WITHOUT_A_PLACE | NO_SHELL
    assert set(placed) - endpoints == set()


def test_what_the_demonstration_left_in_the_trail_is_said_in_words(demo: Flask) -> None:
    with demo.app_context(), reading() as session:
        rows = session.execute(select(AuditRow.action, AuditRow.before, AuditRow.after)).all()
    bare = {
        f"{action}: {name} {text}"
        for action, *both in rows
        for facts in both
        for name, text in say_facts(facts, action)[1]
        if name not in TECHNICAL and not (name == "scope" and ":" in text)  # of one site or organisation
    }
    assert len(rows) > 100
    assert bare == set()


def test_help_is_on_every_page_and_fits_it(visits: list[Visit]) -> None:
    topics = {
        visit.endpoint: found.group(1) if (found := _HELP.search(visit.answer.text)) else "none"
        for visit in visits
        if visit.is_page
    }
    general = {name for name, topic in topics.items() if topic in {"none", "start"}}
    assert general <= WITHOUT_A_GUIDE


def test_no_page_takes_more_than_a_dozen_statements(visits: list[Visit]) -> None:
    many = {
        f"{visit.endpoint}: {visit.statements}"
        for visit in visits
        if visit.statements > (MOST_TO_PREVIEW if visit.endpoint in PREVIEWS else MOST_STATEMENTS)
    }
    assert many == set()


def test_a_page_and_all_it_loads_is_light(client: FlaskClient, visits: list[Visit]) -> None:
    weights = {address: _weight(client, address) for visit in visits for address in _files_of(visit)}
    heavy = {
        visit.endpoint: total
        for visit in visits
        if visit.is_page and visit.endpoint not in HEAVY
        for total in [len(gzip.compress(visit.answer.data)) + sum(weights[file] for file in _files_of(visit))]
        if total > MOST_BYTES
    }
    assert weights
    assert heavy == {}


def test_every_file_is_kept_for_good_under_an_address_with_its_hash(
    client: FlaskClient, visits: list[Visit]
) -> None:
    for address in {address for visit in visits for address in _files_of(visit)}:
        answer = client.get(address, headers={"Accept-Encoding": "gzip"})
        assert re.search(r"\?v=[0-9a-f]{10}$", address)
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable", address
        plain = client.get(address)
        assert "Content-Encoding" not in plain.headers
        if len(plain.data) > 1000 and not plain.mimetype.startswith("image/jp"):
            assert answer.headers["Content-Encoding"] == "gzip", address
            assert gzip.decompress(answer.data) == plain.data


def test_an_address_with_a_former_hash_gives_the_file_as_it_is_and_is_not_kept(client: FlaskClient) -> None:
    answer = client.get("/console/static/console.css?v=0123456789")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, max-age=60"


@pytest.mark.parametrize("name", ["none.css", "../blueprint.py", "%2e%2e/blueprint.py", "vendor", ""])
def test_only_files_of_the_console_are_served(client: FlaskClient, name: str) -> None:
    assert client.get(f"/console/static/{name}").status_code == 404


def test_the_walk_comes_by_pages_of_everybody(visits: list[Visit]) -> None:
    assert {visit.who for visit in visits if visit.is_page} >= {"nobody", "demo-admin", "demo-manager"}
    assert {"sign_in", "start", "show_account"} <= {visit.endpoint for visit in visits}


def test_a_heavy_file_would_be_seen(client: FlaskClient) -> None:
    assert _weight(client, "/console/static/vendor/echarts.min.js") > MOST_BYTES
