"""What a gate keeps in a browser once somebody has left it: what still waits to be sent, and nothing else."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel import clock as kernel_clock
from miniprogram_api.kernel.db import reading
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Booking, Slot
from tests.browser.gate.conftest import Book
from tests.factories.gate import code_of
from tests.factories.visits import WEDNESDAY_AT_NINE
from tests.support.desk import Desk
from tests.support.door import Door

_KEPT = """async () => {
    const asked = (request) => new Promise((done) => { request.onsuccess = () => done(request.result); });
    const workers = await navigator.serviceWorker.getRegistrations();
    const kept = {pages: await caches.keys(), workers: workers.length};
    for (const {name} of await indexedDB.databases()) {
        const database = await asked(indexedDB.open(name));
        for (const store of database.objectStoreNames) {
            const rows = await asked(database.transaction(store).objectStore(store).getAll());
            kept[store] = [...(kept[store] ?? []), ...rows];
        }
        database.close();
    }
    return kept;
}"""
_NOTHING: dict[str, Any] = {"pages": [], "workers": 0, "bundles": [], "queue": [], "admissions": []}


@pytest.fixture(autouse=True)
def running_clock(slot: Slot) -> None:
    """The gate counts from the server's time as it was told it."""
    kernel_clock.set_now(WEDNESDAY_AT_NINE)


def kept(page: Page) -> dict[str, Any]:
    return dict(page.evaluate(_KEPT))


def come_to(page: Page, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """What the browser keeps, as soon as it is as wanted."""
    for _ in range(100):
        found = kept(page)
        if wanted(found):
            return found
        page.wait_for_timeout(100)
    raise AssertionError(json.dumps(found, ensure_ascii=False)[:2000])


def admitted(booking: Booking) -> int:
    with reading() as session:
        return session.get_one(Booking, booking.id).admitted


def test_what_was_confirmed_names_neither_ticket_nor_visitor(
    doors: Callable[[str], Door], book: Book
) -> None:
    booking = book(adults=2)
    door = doors("东门")
    with door.desk.offline():
        door.admit(code_of(booking))
        expect(door.line).to_contain_text("1 条待上传")
    expect(door.queue).to_contain_text("已确认")
    expect(door.answer).to_contain_text("王**")  # whom the person at the door still has before them
    (entry,) = kept(door.page)["queue"]
    assert (entry["state"], entry["number"]) == ("confirmed", booking.number)
    told = json.dumps(entry, ensure_ascii=False)
    assert "code" not in entry
    assert not [word for word in (code_of(booking), "王", "138") if word in told]


def test_who_signs_out_leaves_only_what_waits_to_be_sent(desk: Desk, site: Site, book: Book) -> None:
    online, waiting = book(adults=1), book(adults=2)
    staff_id = desk.sign_in(Role.GATE, site=site)
    door = Door(desk, site.id)
    door.admit(code_of(online))
    expect(door.answer).to_contain_text("已入场 1 人")
    desk.page.route("**/gate/scans/batch", lambda route: route.abort("connectionfailed"))
    with desk.offline():
        door.admit(code_of(waiting))
        expect(door.line).to_contain_text("1 条待上传")
    before = kept(desk.page)
    assert [len(before[name]) for name in ("pages", "bundles", "queue")] == [1, 1, 1]
    desk.watch.offline = True  # the upload still fails
    desk.visit("/console/account")
    desk.page.get_by_role("button", name="退出", exact=True).click()
    expect(desk.page.get_by_role("status")).to_contain_text("您已退出登录")
    gone = ("pages", "bundles", "workers")
    after = come_to(
        desk.page, lambda found: not any(found[name] for name in gone) and len(found["admissions"]) == 1
    )
    assert [entry["code"] for entry in after["queue"]] == [code_of(waiting)]
    assert [one["nonce"] for one in after["admissions"]] == [after["queue"][0]["nonce"]]
    desk.page.unroute("**/gate/scans/batch")
    desk.sign_in_as(staff_id)
    door.visit()
    expect(door.queue).to_contain_text("已确认")
    assert admitted(waiting) == 2


def test_a_tablet_that_is_no_gate_any_more_keeps_nothing(doors: Callable[[str], Door], book: Book) -> None:
    first, second = book(adults=1), book(adults=2)
    door = doors("东门")
    with door.desk.offline():
        door.admit(code_of(first))
        expect(door.line).to_contain_text("1 条待上传")
    expect(door.queue).to_contain_text("已确认")
    door.admit(code_of(second))
    expect(door.answer).to_contain_text("已入场 2 人")
    door.page.get_by_role("button", name="这台设备不再作为闸机").click()
    expect(door.page.get_by_role("status")).to_contain_text("已不再是闸机")
    come_to(door.page, lambda found: found == _NOTHING)


def test_a_page_for_signing_in_again_forgets_nothing(app: Flask, desk: Desk, site: Site) -> None:
    desk.sign_in(Role.GATE, site=site)
    Door(desk, site.id)
    before = kept(desk.page)
    desk.visit("/console/sign-in")
    desk.page.wait_for_timeout(500)
    assert kept(desk.page) == before
