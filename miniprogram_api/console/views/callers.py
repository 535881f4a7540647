"""Booking for somebody on the phone or at the window: slot, people, check, done; under the same rules."""

import hashlib
import re
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import redirect, request, url_for
from werkzeug.wrappers import Response

from miniprogram_api.console.access import current_actor, current_principal, signed_in
from miniprogram_api.console.blueprint import console
from miniprogram_api.console.forms import day_or
from miniprogram_api.console.forms.visits import CallerForm
from miniprogram_api.console.guides import guide
from miniprogram_api.console.pages import own_may, page
from miniprogram_api.console.previewing import Step, carried, step_at
from miniprogram_api.console.views.bookings import get_managed
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import reading
from miniprogram_api.kernel.errors import AppError, Forbidden, NotFound
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.sites.service import get_managed_site
from miniprogram_api.visits.errors.bookings import SlotFull
from miniprogram_api.visits.queries import occupancy
from miniprogram_api.visits.queries.booking_facts import BookingFacts, get_booking_facts
from miniprogram_api.visits.queries.shown import Channel
from miniprogram_api.visits.rules import words
from miniprogram_api.visits.rules.party import (
    Contact,
    IdType,
    Party,
    Person,
    normalise_id,
    normalise_phone,
    persons_needed,
)
from miniprogram_api.visits.rules.policy import RealName
from miniprogram_api.visits.rules.policy_words import in_words
from miniprogram_api.visits.service import booking
from miniprogram_api.visits.service.booking_draft import Wish
from miniprogram_api.web.idempotency import attempt_of, once
from miniprogram_api.web.schemas import parse_id

guide(
    "caller",
    "代客预约",
    "替打电话或到窗口的游客预约，规则和小程序里一样。",
    steps=(
        "选日期和场次。约满的场次不能选。",
        "填写人数和联系人。电话预约必须留联系人；需要实名的场次还要填写参观人证件。",
        "核对后确认。确认页有预约号和短码，请告诉游客。",
    ),
    notes=(
        "同一个电话每天只能预约一次。确有需要时，勾选“不受预约规则限制”并写明理由，会记入审计。",
        "重复点“确认预约”不会约两次。",
    ),
)

_PERMISSION = "bookings.manage"
_OVERRIDE = "bookings.override"
_KEY = re.compile(r"[0-9a-f-]{36}")


@console.route("/sites/<string:site_id>/bookings/new", methods=["GET", "POST"])
@signed_in(_PERMISSION)
def book_for_caller(site_id: str) -> Response:
    """Choose a slot; say who comes; check; confirm. What was typed goes along from step to step."""
    with reading() as session:
        site = get_managed_site(session, current_principal(), _PERMISSION, parse_id(site_id))
    slot_id = request.values.get("slot", "")
    return _slots_page(site) if not slot_id else _people_page(site, parse_id(slot_id))


def _slots_page(site: Any) -> Response:
    on = max(day_or(request.args.get("date"), clock.today()), clock.today())
    with reading() as session:
        day = occupancy.show_figures(session, site.id, on=on, now=clock.now())
    may_override = own_may(_OVERRIDE, site=site)
    return page("visits/choose_slot.html", site=site, day=day, today=clock.today(), may_override=may_override)


def _people_page(site: Any, slot_id: UUID) -> Response:
    facts, form, step = _facts(site.id, slot_id), CallerForm(), step_at()
    _prepare(form, facts)
    values: dict[str, Any] = {"alternatives": [], "may_override": own_may(_OVERRIDE, site=site)}
    if step is not Step.FILL and form.validate():
        if form.override.data and not values["may_override"]:
            raise Forbidden
        try:
            if step is Step.APPLY:
                return redirect(url_for("console.show_made_booking", booking_id=_book(form, facts)), 303)
            booking.check_visit(_wish(form, facts), now=clock.now())
        except NotFound:
            raise
        except AppError as refusal:
            form.refuse(refusal)
            values["alternatives"] = _alternatives(refusal)
        else:
            sent = carried(key=form.key.data, slot=slot_id)
            return page(
                "visits/check_caller.html", site=site, facts=facts, form=form, words=words, carried=sent
            )
    rules = in_words(facts.situation.policy)
    return page("visits/caller.html", site=site, facts=facts, form=form, words=words, rules=rules, **values)


def _book(form: CallerForm, facts: BookingFacts) -> str:
    """Book, once however often the form is sent; the booking's id."""
    attempt = attempt_of(form.key.data, _digest())

    def book() -> str:
        booked = booking.book_visit(
            _wish(form, facts),
            attempt=attempt,
            show=lambda made: {"booking_id": str(made.id)},
            now=clock.now(),
        )
        return str(booked.answer["booking_id"])

    return once(attempt, book, again=lambda first: str(first.body["booking_id"]))


def _digest() -> bytes:
    """What makes two sendings of the form the same."""
    typed = sorted((name, value) for name, value in request.form.items(multi=True) if name != "csrf_token")
    return hashlib.sha256(repr((request.path, typed)).encode()).digest()


@console.get("/bookings/<string:booking_id>/made")
@signed_in(_PERMISSION)
def show_made_booking(booking_id: str) -> Response:
    """What to tell the caller, once it is booked."""
    with reading() as session:
        found = get_managed(session, _PERMISSION, parse_id(booking_id))
    return page("visits/made.html", site=found.site, booking=found.booking)


def _facts(site_id: UUID, slot_id: UUID) -> BookingFacts:
    with reading() as session:
        facts = get_booking_facts(session, slot_id=slot_id, member_id=None, now=clock.now())
    if facts.site.id != site_id:
        raise NotFound
    return facts


def _prepare(form: CallerForm, facts: BookingFacts) -> None:
    """Ask for as much as the slot's policy does, and give a new form its key."""
    policy = facts.situation.policy
    if not _KEY.fullmatch(form.key.data or ""):
        form.key.data = str(new_id())
    form.children.label.text = f"儿童（{policy.child_age} 周岁以下）"
    form.needs_contact = policy.real_name is not RealName.NONE
    needed = min(persons_needed(_party(form), policy), form.persons.max_entries)
    while len(form.persons) > needed:
        form.persons.pop_entry()
    while len(form.persons) < needed:
        form.persons.append_entry()


def _party(form: CallerForm) -> Party:
    return Party(
        form.adults.data or 0,
        form.children.data or 0,
        form.wheelchairs.data or 0,
        int(bool(form.sign_language.data)),
    )


def _wish(form: CallerForm, facts: BookingFacts) -> Wish:
    contact = Contact(form.name.data, normalise_phone(form.phone.data) or "") if form.name.data else None
    return Wish(
        slot_id=facts.slot_id,
        party=_party(form),
        contact=contact,
        persons=[_person(entry.form) for entry in form.persons],
        member_id=None,
        actor=current_actor(),
        channel=Channel(form.channel.data),
        override_reason=form.override_reason.data if form.override.data else None,
    )


def _person(form: Any) -> Person:
    id_type = IdType(form.id_type.data)
    return Person(form.name.data, id_type, normalise_id(id_type, form.id_number.data) or "")


def _alternatives(refusal: AppError) -> list[dict[str, Any]]:
    """The next slots with places for this party, where the chosen one has none."""
    told = refusal.params.get("alternatives", []) if isinstance(refusal, SlotFull) else []
    return [
        {
            "id": each["id"],
            "starts_at": datetime.fromisoformat(each["starts_at"]),
            "ends_at": datetime.fromisoformat(each["ends_at"]),
            "left": each["left"],
        }
        for each in told
    ]
