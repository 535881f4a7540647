"""Organisations: the schools, committees, operators and bureaus that accounts and sites belong to."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from miniprogram_api.identity.models import Organisation
from miniprogram_api.identity.service import staff_trail
from miniprogram_api.identity.staff_errors import NamedByRegistry, NoSuchObject, OrganisationExists
from miniprogram_api.identity.staff_events import (
    OrganisationCreated,
    OrganisationIdentified,
    OrganisationRenamed,
)
from miniprogram_api.kernel import paging
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.errors import NotFound
from miniprogram_api.kernel.ids import new_id
from miniprogram_api.kernel.paging import Page


def create_organisation(
    session: Session, *, name: str, credit_code: str | None, actor: Actor, now: datetime
) -> Organisation:
    """Raises OrganisationExists."""
    organisation = _new(name, credit_code, now)
    _add_all(session, [organisation], actor=actor)
    return organisation


def _new(name: str, credit_code: str | None, now: datetime) -> Organisation:
    return Organisation(id=new_id(), name=name, credit_code=credit_code, created_at=now)


def _add_all(session: Session, made: Sequence[Organisation], *, actor: Actor) -> None:
    """Keep new organisations with their traces, in as many statements as one takes."""
    if not made:
        return
    try:
        with session.begin_nested():
            session.add_all(made)
    except IntegrityError:
        raise OrganisationExists from None
    told = [
        (OrganisationCreated(str(one.id)), {"name": one.name, "credit_code": one.credit_code}) for one in made
    ]
    staff_trail.leave_all(session, told, actor=actor)


def get_organisation(session: Session, organisation_id: UUID) -> Organisation:
    """Raises NotFound."""
    found = session.get(Organisation, organisation_id)
    if found is None:
        raise NotFound
    return found


def rename_organisation(
    session: Session, *, organisation_id: UUID, name: str, operates: bool, actor: Actor
) -> None:
    """Give it another name. Raises NotFound, NamedByRegistry, OrganisationExists.

    `operates` says whether sites are its: the registry finds their operators by credit code, else by name.
    """
    organisation = get_organisation(session, organisation_id)
    before = organisation.name
    if name == before:
        return
    if operates and organisation.credit_code is None:
        raise NamedByRegistry
    try:
        with session.begin_nested():
            organisation.name = name
    except IntegrityError:
        raise OrganisationExists from None
    event = OrganisationRenamed(str(organisation_id))
    staff_trail.leave(session, event, actor=actor, before={"name": before}, after={"name": name})


def list_organisations(session: Session, *, limit: int, cursor: str | None) -> Page[Row[*tuple[Any, ...]]]:
    """Organisations in the order they were made."""
    wanted = select(Organisation.id, Organisation.name, Organisation.credit_code, Organisation.created_at)
    return paging.page_rows(session, wanted, [Organisation.id], limit=limit, cursor=cursor)


def ensure_operators(
    session: Session, operators: Collection[tuple[str, str | None]], *, actor: Actor, now: datetime
) -> dict[tuple[str, str | None], UUID]:
    """The organisations of operators as the registry names them, by name and credit code; new ones are made.

    The credit code tells, where there is one; a namesake with another code is another organisation. Raises
    OrganisationExists when somebody else makes one of them at the same time.
    """
    wanted = sorted(set(operators), key=lambda operator: (operator[0], operator[1] or ""))
    if not wanted:
        return {}
    codes = [code for _, code in wanted if code is not None]
    known = select(Organisation).where(
        or_(Organisation.credit_code.in_(codes), Organisation.name.in_([name for name, _ in wanted]))
    )
    by_code: dict[str, Organisation] = {}
    by_name: dict[str, Organisation] = {}
    for organisation in session.scalars(known.order_by(Organisation.created_at, Organisation.id)):
        by_name[organisation.name] = organisation
        if organisation.credit_code is not None:
            by_code.setdefault(organisation.credit_code, organisation)
    found: dict[tuple[str, str | None], UUID] = {}
    made: list[Organisation] = []
    identified: list[Organisation] = []
    for name, code in wanted:
        same = by_code.get(code) if code is not None else None
        if same is None:
            namesake = by_name.get(name)
            foreign = namesake is not None and code is not None and namesake.credit_code not in {None, code}
            # Names are unique here: the code tells the two apart, and the name still fits.
            own = f"{name[:98]}（{code}）" if foreign else name
            same = by_name.get(own)
            if same is None:
                same = _new(own, code, now)
                made.append(same)
            elif code is not None and same.credit_code is None:
                # From now on another code under this name is another organisation.
                same.credit_code = code
                if same not in made:
                    identified.append(same)
            by_name[own] = same
            if code is not None:
                by_code[code] = same
        found[name, code] = same.id
    _add_all(session, made, actor=actor)
    told = [(OrganisationIdentified(str(one.id)), {"credit_code": one.credit_code}) for one in identified]
    staff_trail.leave_all(session, told, actor=actor)
    return found


def check_exists(session: Session, organisation_id: UUID | None) -> None:
    """Raises NoSuchObject for an id that is given and unknown."""
    if organisation_id is not None and session.get(Organisation, organisation_id) is None:
        raise NoSuchObject(field="organisation_id")
