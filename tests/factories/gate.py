"""Gates for tests: devices with tokens, and the codes of tickets."""

from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from miniprogram_api.identity.service import devices
from miniprogram_api.kernel.audit import SYSTEM
from miniprogram_api.kernel.clock import now as clock_now
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.visits import tickets
from miniprogram_api.visits.models import Booking, Ticket, TicketState
from miniprogram_api.visits.tickets import TicketClaims
from tests.support.clients import BearerClient


class Gate(BearerClient):
    """A gate device of a site."""

    def __init__(self, app: Flask, site_id: UUID, name: str = "东门") -> None:
        with atomic() as session:
            added = devices.create_device(session, site_id=site_id, name=name, actor=SYSTEM, now=clock_now())
        super().__init__(app, added.token)
        self.id, self.site_id = added.device.id, site_id

    def send(self, path: str, **body: Any) -> TestResponse:
        """Post to the gate's API at this site, under a nonce of its own unless one is given."""
        told = {"site_id": str(self.site_id), "nonce": uuid4().hex} | body
        return self.post(f"/api/staff/v1/gate/{path}", json=told)

    def scan(self, code: str, **body: Any) -> dict[str, Any]:
        """What a scan is answered."""
        answer = self.send("scans", code=code, **body)
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())

    def send_lookup(self, code: str) -> TestResponse:
        return self.post("/api/staff/v1/gate/lookups", json={"site_id": str(self.site_id), "code": code})

    def undo(self, scan_id: str, reason: str = "扫错了人") -> TestResponse:
        return self.post(f"/api/staff/v1/gate/scans/{scan_id}/undo", json={"reason": reason})

    def occupancy(self) -> dict[str, Any]:
        answer = self.get(f"/api/staff/v1/gate/occupancy?site_id={self.site_id}")
        assert answer.status_code == 200, answer.text
        return dict(answer.get_json())


def current_ticket(session: Session, booking_id: UUID) -> Ticket:
    mine = select(Ticket).where(Ticket.booking_id == booking_id, Ticket.state == TicketState.CURRENT)
    return session.scalars(mine).one()


def code_of(booking: Booking) -> str:
    """What the QR code of a booking's current ticket holds."""
    with reading() as session:
        ticket = current_ticket(session, booking.id)
        claims = TicketClaims(
            ticket_id=ticket.id,
            slot_id=booking.slot_id,
            seats=ticket.seats,
            valid_from=ticket.valid_from,
            valid_until=ticket.valid_until,
            sequence=ticket.sequence,
        )
        return tickets.issue(claims, key_id=ticket.key_id)


def short_code_of(booking: Booking) -> str:
    """What is printed below it."""
    with reading() as session:
        return current_ticket(session, booking.id).short_code
