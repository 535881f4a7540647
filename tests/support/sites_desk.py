"""A site with a manager who sits at the console, and forms as a browser would send them after a preview."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

from flask import Flask

from miniprogram_api.identity.permissions import Role
from miniprogram_api.kernel.db import atomic
from miniprogram_api.sites.models import Site
from miniprogram_api.visits.models import Booking, Slot
from tests.factories.members import make_member
from tests.factories.sites import make_site
from tests.factories.staff import make_staff, open_session
from tests.factories.visits import WEDNESDAY_AT_NINE, make_booking, make_slot
from tests.support.pages import PageClient

WEDNESDAY = "2026-11-25"
CLOSING = {
    "act": "close",
    "reason_code": "maintenance",
    "public_text": "设备检修",
    "treatment": "cancel",
    "rest": "keep",
    "target": "",
    "capacity": "",
}


def new_site(**values: Any) -> Site:
    with atomic() as session:
        return make_site(session, **values)


def manager_of(app: Flask, site: Site, role: Role = Role.SITE_MANAGER) -> PageClient:
    """Somebody who holds a role at a site, at the console."""
    with atomic() as session:
        return PageClient(app, open_session(session, make_staff(session, role=role, site_id=site.id).id))


def new_slot(site: Site, *, day: int = 0, hour: int = 0, **values: Any) -> Slot:
    """A slot on Wednesday at nine, or so many days and hours later."""
    with atomic() as session:
        starts_at = WEDNESDAY_AT_NINE + timedelta(days=day, hours=hour)
        return make_slot(session, site.id, starts_at=starts_at, **values)


def new_booking(slot: Slot, **values: Any) -> Booking:
    with atomic() as session:
        member_id = values.pop("member_id", None) or make_member(session).id
        return make_booking(session, session.get_one(Slot, slot.id), member_id=member_id, **values)


def fields_of(html: str, step: str) -> dict[str, list[str]]:
    """The hidden fields of the form of a page that leads to a step."""
    for form in re.findall(r"<form\b.*?</form>", html, re.DOTALL):
        if f'name="step" value="{step}"' in form:
            found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
            fields: dict[str, list[str]] = {}
            for name, value in found:
                fields.setdefault(unescape(name), []).append(unescape(value))
            return fields
    raise AssertionError(f"no form leads to {step}")
