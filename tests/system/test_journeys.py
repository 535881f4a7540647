"""The main job over real HTTP against `make run` itself: two members, a full slot, and one gate."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from config.settings import Settings
from tests.support.product import ROOT, Product, fresh_machine, started

PASSWORD = "demo-only-password"


class Journey:
    """A running product, a site of it, and a slot tomorrow or later that was made small enough to fill."""

    def __init__(self, product: Product, *, capacity: int) -> None:
        self.product = product
        manager = self.staff("demo-manager")
        site = next(
            site
            for site in product.call("GET", "/api/v1/sites?limit=100")["items"]
            if site["next_available_on"] and site["code"] == "CC001"
        )
        self.site_id: str = site["id"]
        slots = product.call("GET", f"/api/v1/sites/{self.site_id}/slots")["items"]
        self.slot = [slot for slot in slots if slot["state"] == "open" and slot["left"] == slot["capacity"]][
            -1
        ]
        product.call(
            "PATCH",
            f"/api/staff/v1/sites/{self.site_id}/slots/{self.slot['id']}",
            token=manager,
            capacity=capacity,
        )

    def staff(self, username: str) -> str:
        body = {"username": username, "password": PASSWORD}
        return str(self.product.call("POST", "/api/staff/v1/sessions", **body)["access_token"])

    def left(self) -> int:
        return int(self.product.call("GET", f"/api/v1/slots/{self.slot['id']}")["left"])

    def book(self, token: str, key: str, *, adults: int) -> Any:
        return self.product.ask(
            "POST",
            "/api/v1/bookings",
            token=token,
            key=key,
            slot_id=self.slot["id"],
            party={"adults": adults, "children": 0},
            contact={"name": "王小明", "phone": "13800138000"},
        )

    def scan(self, token: str, code: str, nonce: str) -> Any:
        body = {"site_id": self.site_id, "code": code, "nonce": nonce}
        return self.product.call("POST", "/api/staff/v1/gate/scans", token=token, **body)

    def ticket(self, token: str, booking: dict[str, Any]) -> str:
        return str(self.product.call("GET", f"/api/v1/bookings/{booking['id']}/ticket", token=token)["code"])


@pytest.fixture
def machine(tmp_path: Path, settings: Settings) -> dict[str, str]:
    """On the databases of this run: SQLite in a folder of its own, or PostgreSQL and Redis."""
    servers = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    return fresh_machine(tmp_path) | {name: address for name, address in servers.items() if address}


def _commands_agree(machine: dict[str, str]) -> None:
    for command in (["selftest"], ["reconcile"], ["audit", "verify"]):
        ended = subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *command],
            cwd=ROOT,
            env=machine | {"BACKGROUND": "0"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr


def test_two_members_fill_a_slot_and_a_gate_admits_each_once(machine: dict[str, str]) -> None:
    with started(machine) as product:
        product.wait_until_told()
        journey = Journey(product, capacity=4)
        alice, bob = product.log_in("journey-alice"), product.log_in("journey-bob")

        # Alice takes three of four places; two do not fit any more, and Bob is told what does.
        first = journey.book(alice, "alice-1", adults=3)
        assert first.status_code == 201, first.text
        full = journey.book(bob, "bob-1", adults=2)
        assert (full.status_code, full.json()["code"]) == (409, "visits.slot_full")
        assert full.json()["params"]["alternatives"]

        # One of Alice's party stays at home, and the place is Bob's.
        booking = first.json()
        old_ticket = booking["ticket"]["code"]
        product.call("POST", f"/api/v1/bookings/{booking['id']}/cancel", token=alice, seats=1)
        second = journey.book(bob, "bob-2", adults=2)
        assert second.status_code == 201, second.text
        assert journey.book(bob, "bob-2", adults=2).json() == second.json()
        tickets = journey.ticket(alice, booking), journey.ticket(bob, second.json())

        # At the gate, on the day.
        product.call("POST", "/_dev/clock", now=journey.slot["starts_at"])
        gate, manager = journey.staff("demo-gate"), journey.staff("demo-manager")
        assert journey.left() == 0
        assert journey.scan(gate, old_ticket, "n0")["result"] == "revoked"
        admitted = journey.scan(gate, tickets[0], "n1")
        assert (admitted["result"], admitted["admitted"], admitted["remaining"]) == ("ok", 2, 0)
        again = journey.scan(gate, tickets[0], "n2")
        assert again["result"] == "already_used"
        assert again["first_scan"]["at"][:16] == journey.slot["starts_at"][:16]  # the clock runs on
        assert journey.scan(gate, tickets[0], "n1") == admitted
        mistaken = journey.scan(gate, tickets[1], "n3")
        undone = product.call(
            "POST", f"/api/staff/v1/gate/scans/{mistaken['id']}/undo", token=gate, reason="扫错了人"
        )
        assert (mistaken["result"], undone["remaining"]) == ("ok", 2)
        assert journey.scan(gate, tickets[1], "n4")["result"] == "ok"

        # The numbers add up.
        inside = product.call("GET", f"/api/staff/v1/gate/occupancy?site_id={journey.site_id}", token=manager)
        row = next(slot for slot in inside["slots"] if slot["slot_id"] == journey.slot["id"])
        assert (inside["inside"], row["booked"], row["arrived"]) == (4, 4, 4)
        day = journey.slot["starts_at"][:10]
        listed = product.call(
            "GET", f"/api/staff/v1/sites/{journey.site_id}/bookings?date={day}&limit=100", token=manager
        )["items"]
        seats = [item["admitted"] for item in listed if item["slot"]["id"] == journey.slot["id"]]
        assert sorted(seats) == [2, 2]
        _commands_agree(machine)
        assert product.stop(signal.SIGTERM) == 0
