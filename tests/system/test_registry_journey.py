"""A project over real HTTP against `make run` itself: titled, opened, booked, withdrawn, everybody told."""

import base64
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from config.settings import Settings
from miniprogram_api.devtools.fake_registry import DEMO_PARTNER_ID, DEMO_PARTNER_SECRET
from miniprogram_api.devtools.fake_wechat import BOOKING_CANCELLED_TEMPLATE
from miniprogram_api.kernel.clock import BEIJING
from tests.support.product import Product, fresh_machine, started
from tests.support.waiting import wait_until

PASSWORD = "demo-only-password"
PROJECT = "CC-2026-JOURNEY"
NAME = "旅程低碳园区（示例）"
# Fewer than five people are nobody's business, so the registry would be told nothing of them.
PEOPLE = ("alice", "bob", "chen", "deng", "emma")
RULE = {
    "weekdays": [1, 2, 3, 4, 5, 6, 7],
    "opens": "09:00",
    "closes": "16:00",
    "slot_minutes": 60,
    "capacity": 20,
}


class Journey:
    """A running product, the registry beside it, and the project that is followed."""

    def __init__(self, product: Product) -> None:
        self.product = product
        self.site_id = ""

    def staff(self, username: str) -> str:
        body = {"username": username, "password": PASSWORD}
        return str(self.product.call("POST", "/api/staff/v1/sessions", **body)["access_token"])

    def put_project(self, **changes: Any) -> int:
        """The registry's clerks change the project; its version."""
        path = f"{self.product.registry}/_fake/projects/{PROJECT}"
        return int(self.product.call("PUT", path, **changes)["version"])

    def wait_for_site(self, manager: str) -> None:
        """Until the record has come, and its site is on the manager's desk."""

        def came() -> bool:
            sites = self.product.call("GET", "/api/staff/v1/sites?limit=100", token=manager)["items"]
            mine = [site["id"] for site in sites if site["name"] == NAME]
            self.site_id = mine[0] if mine else ""
            return bool(mine)

        # The doorbell brings it at once; if that is lost, the pull of the next minute does.
        wait_until(came, within_s=120)

    def open_site(self, manager: str, admin: str) -> None:
        path = f"/api/staff/v1/sites/{self.site_id}"
        self.product.call("PATCH", path, token=manager, booking_mode="slots", address="人民大街 1 号")
        self.product.call("POST", f"{path}/opening-rules", token=manager, **RULE)
        for step, token in (("preparing", manager), ("pending_publication", manager), ("open", admin)):
            self.product.call("POST", f"{path}/overlay", token=token, to=step)

    def open_slot(self) -> dict[str, Any]:
        """A slot that can be booked, tomorrow or later."""
        found: list[dict[str, Any]] = []

        def there() -> bool:
            slots = self.product.call("GET", f"/api/v1/sites/{self.site_id}/slots")["items"]
            found[:] = [slot for slot in slots if slot["state"] == "open"]
            return bool(found)

        wait_until(there)
        return found[-1]

    def book(self, token: str, slot: dict[str, Any]) -> dict[str, Any]:
        answer = self.product.ask(
            "POST",
            "/api/v1/bookings",
            token=token,
            key="journey",
            slot_id=slot["id"],
            party={"adults": 1, "children": 0},
            contact={"name": "王小明", "phone": "13800138000"},
        )
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def is_listed(self) -> bool:
        sites = self.product.call("GET", "/api/v1/sites?limit=100")["items"]
        return any(site["id"] == self.site_id for site in sites)

    def received(self, kind: str) -> list[dict[str, Any]]:
        events = self.product.call("GET", f"{self.product.registry}/_fake/received")["events"]
        bodies = [event.get("event", event.get("body", event)) for event in events]
        return [body for body in bodies if body.get("type") == kind and body.get("subject") == PROJECT]

    def partner_token(self) -> str:
        credentials = base64.b64encode(f"{DEMO_PARTNER_ID}:{DEMO_PARTNER_SECRET}".encode()).decode()
        with requests.Session() as session:
            session.trust_env = False
            answer = session.post(
                f"{self.product.base}/api/registry/v1/oauth/token",
                data={"grant_type": "client_credentials", "scope": "engagement.read"},
                headers={"Authorization": f"Basic {credentials}"},
                timeout=10,
            )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def daily(self, first: date, last: date) -> list[dict[str, Any]]:
        path = f"/api/registry/v1/engagement/daily?from={first}&to={last}&project_id={PROJECT}"
        return list(self.product.call("GET", path, token=self.partner_token())["items"])


@pytest.fixture
def machine(tmp_path: Path, settings: Settings) -> dict[str, str]:
    """On the databases of this run: SQLite in a folder of its own, or PostgreSQL and Redis."""
    servers = {"DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
    return fresh_machine(tmp_path) | {name: address for name, address in servers.items() if address}


def until(answers: Callable[[], Any]) -> Any:
    """What it answers once there is something."""
    wait_until(lambda: bool(answers()), within_s=60)
    return answers()


def test_a_project_is_titled_opened_booked_and_withdrawn(machine: dict[str, str]) -> None:
    with started(machine) as product:
        product.wait_until_told()
        journey = Journey(product)
        manager, admin = journey.staff("demo-manager"), journey.staff("demo-admin")

        # The registry titles and designates; the manager opens; the public finds it.
        journey.put_project(
            name=NAME, lifecycle="titled", education_base={"designated": True, "since": "2026-01-01"}
        )
        journey.wait_for_site(manager)
        assert not journey.is_listed()
        journey.open_site(manager, admin)
        wait_until(journey.is_listed)

        # Members book, one of them with a message in WeChat.
        slot = journey.open_slot()
        tokens = [product.log_in(f"journey-{person}") for person in PEOPLE]
        product.call(
            "POST",
            f"{product.fake}/_fake/subscriptions",
            person="journey-alice",
            template_id=BOOKING_CANCELLED_TEMPLATE,
            accept=True,
        )
        product.call(
            "POST", "/api/v1/subscriptions", token=tokens[0], template="visit_cancelled", accepted=True
        )
        bookings = [journey.book(token, slot) for token in tokens]
        ticket = bookings[0]["ticket"]["code"]

        # The registry withdraws it: gone within seconds, and nobody may come any more.
        version = journey.put_project(
            lifecycle="withdrawn", withdrawal={"effective_at": None, "doc_no": "长环〔2026〕8号"}
        )
        wait_until(lambda: not journey.is_listed())
        page = product.ask("GET", f"/api/v1/sites/{journey.site_id}")
        assert (page.status_code, page.json()["code"]) == (410, "sites.withdrawn")
        (completed,) = until(lambda: journey.received("engagement.withdrawal.completed"))
        assert completed["data"]["version"] == version
        assert (completed["data"]["bookings_cancelled"], completed["data"]["people_notified"]) == (5, 5)

        for token, booking in zip(tokens, bookings, strict=True):
            now_is = product.call("GET", f"/api/v1/bookings/{booking['id']}", token=token)
            assert (now_is["status"], now_is["cancelled_by"]) == ("cancelled", "authority")
            (message,) = product.call("GET", "/api/v1/messages", token=token)["items"]
            assert (message["kind"], message["subject_id"]) == ("visit_cancelled_by_authority", booking["id"])
            assert "长环〔2026〕8号" in message["body"]
        case = product.call("GET", f"/api/staff/v1/sites/{journey.site_id}/withdrawal", token=manager)["case"]
        assert (case["state"], case["bookings_left"]) == ("completed", 0)

        # At the gate, on the day; and the next morning the registry reads the figures.
        starts_at = datetime.fromisoformat(slot["starts_at"])
        product.call("POST", "/_dev/clock", now=starts_at.isoformat())
        scan = {"site_id": journey.site_id, "code": ticket, "nonce": "journey-1"}
        gate = journey.staff("demo-gate")
        assert product.call("POST", "/api/staff/v1/gate/scans", token=gate, **scan)["result"] == "revoked"
        sent = product.call("GET", f"{product.fake}/_fake/messages?person=journey-alice")["messages"]
        assert [message["template_id"] for message in sent] == [BOOKING_CANCELLED_TEMPLATE]

        next_morning = datetime.combine(starts_at.date() + timedelta(days=1), time(9), BEIJING)
        product.call("POST", "/_dev/clock", now=next_morning.isoformat())
        rows = journey.daily(starts_at.date() - timedelta(days=40), starts_at.date())
        told = [row for row in rows if row["bookings"] or row["cancellations"]]
        assert sum(row["cancellations"] or 0 for row in told) == len(PEOPLE), rows
