"""Who comes: the size of a party, who of it must be named, and which documents are taken.

Children are counted, never named, unless a policy's adults are young enough to be children by law: a class
or a family gives no child's document.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from stdnum.cn import ric
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_2

from miniprogram_api.kernel.errors import FieldError
from miniprogram_api.visits.errors.bookings import (
    ContactRequired,
    PartyNeedsAdult,
    PartyTooLarge,
    PartyTooSmall,
    TooManyChildren,
    VisitorsRequired,
)
from miniprogram_api.visits.rules.policy import Policy, RealName


class IdType(StrEnum):
    """Documents a visitor may show."""

    ID_CARD = "id_card"
    HMT_RESIDENCE_PERMIT = "hmt_residence_permit"  # 港澳台居民居住证
    HK_MACAU_PERMIT = "hk_macau_permit"  # 港澳居民来往内地通行证
    TAIWAN_PERMIT = "taiwan_permit"  # 台湾居民来往大陆通行证
    FOREIGN_PERMANENT_RESIDENCE = "foreign_permanent_residence"  # 外国人永久居留身份证
    PASSPORT = "passport"


@dataclass(frozen=True, slots=True)
class Party:
    """How many come, how many in a wheelchair, and 1 where they want to be guided in sign language."""

    adults: int
    children: int
    wheelchairs: int = 0
    sign_language: int = 0

    @property
    def seats(self) -> int:
        return self.adults + self.children


@dataclass(frozen=True, slots=True)
class Person:
    """A named visitor with the number of a document, normalised."""

    name: str
    id_type: IdType
    id_number: str

    @property
    def key(self) -> str:
        """What makes two visitors the same person."""
        return f"{self.id_type}:{self.id_number}"


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom the site can reach about a booking."""

    name: str
    phone: str


def check_party(party: Party, policy: Policy) -> None:
    """Raises PartyTooSmall, PartyTooLarge, PartyNeedsAdult or TooManyChildren."""
    if party.seats < policy.party_min:
        raise PartyTooSmall(least=policy.party_min)
    if party.seats > policy.party_max:
        raise PartyTooLarge(most=policy.party_max)
    allowed = policy.children_allowed(party.adults)
    if allowed is None or party.children <= allowed:
        return
    if party.adults == 0 and policy.children_per_adult is not None:
        raise PartyNeedsAdult
    raise TooManyChildren(most=allowed)


def contact_to_keep(contact: Contact | None, policy: Policy) -> Contact | None:
    """The contact a booking keeps: what was given, needed wherever names are. Raises ContactRequired."""
    if contact is None and policy.real_name is not RealName.NONE:
        raise ContactRequired(fields=[FieldError("contact", "field.required")])
    return contact


def persons_to_keep(persons: Sequence[Person], party: Party, policy: Policy) -> list[Person]:
    """The visitors whose documents the policy asks for, and no more. Raises VisitorsRequired."""
    needed = persons_needed(party, policy)
    if len(persons) < needed:
        fields = [FieldError("visitors", "field.required")]
        raise VisitorsRequired(fields=fields, needed=needed)
    return list(persons[:needed])


def persons_needed(party: Party, policy: Policy) -> int:
    """How many of a party give a document: children are only counted."""
    if policy.real_name is RealName.ALL:
        return max(party.adults, 1)
    return 1 if policy.real_name is RealName.LEAD else 0


def remaining_party(party: Party, *, seats: int | None, adults: int, children: int) -> Party:
    """The party after some of it drop out, children first when only a number of seats is given."""
    if seats is not None:
        children = min(seats, party.children)
        adults = seats - children
    left = Party(party.adults - adults, party.children - children)
    return Party(
        left.adults,
        left.children,
        min(party.wheelchairs, left.seats),
        min(party.sign_language, left.seats),
    )


_TAIL_DIGITS = 4


def phone_tail(phone: str) -> str:
    """The last four digits, which a visitor tells at the desk."""
    return phone[-_TAIL_DIGITS:]


def normalise_name(name: str) -> str:
    """A name as two spellings of it are compared: without spaces and dots, in one width and case."""
    return re.sub(r"[\s·•.]", "", unicodedata.normalize("NFKC", name)).casefold()


_SHAPES = {
    IdType.HK_MACAU_PERMIT: re.compile(r"[HM]\d{8}(\d{2})?"),
    IdType.TAIWAN_PERMIT: re.compile(r"\d{8}|\d{10}[A-Z]?"),
    IdType.PASSPORT: re.compile(r"[A-Z0-9]{5,17}"),
}
_RESIDENT = re.compile(r"\d{17}[\dX]")
_RESIDENCE = re.compile(r"8[123]0000\d{11}[\dX]")
_FOREIGN_OLD = re.compile(r"[A-Z]{3}\d{12}")
_FOREIGN_NEW = re.compile(r"9\d{16}[\dX]")


def normalise_id(id_type: IdType, typed: str) -> str | None:
    """A document's number as it is compared and kept; None when it cannot be one of that kind."""
    number = re.sub(r"[\s-]", "", typed).upper()
    if not number.isascii():
        return None
    return number if _is_valid(id_type, number) else None


def _is_valid(id_type: IdType, number: str) -> bool:
    match id_type:
        case IdType.ID_CARD:
            return _is_resident_identity(number)
        case IdType.HMT_RESIDENCE_PERMIT:
            return bool(_RESIDENCE.fullmatch(number)) and mod_11_2.is_valid(number)
        case IdType.FOREIGN_PERMANENT_RESIDENCE:
            new = bool(_FOREIGN_NEW.fullmatch(number)) and mod_11_2.is_valid(number)
            return new or bool(_FOREIGN_OLD.fullmatch(number))
        case _:
            return bool(_SHAPES[id_type].fullmatch(number))


def _is_resident_identity(number: str) -> bool:
    # Not ric.validate: it also refuses districts that its data does not know, which are real people's.
    if not _RESIDENT.fullmatch(number):
        return False
    try:
        ric.get_birth_date(number)
    except ValidationError:
        return False
    return bool(number[-1] == ric.calc_check_digit(number))


_MOBILE = re.compile(r"1[3-9]\d{9}")
_LANDLINE = re.compile(r"0\d{2,3}\d{7,8}")
_ABROAD = re.compile(r"\+\d{7,15}")


def normalise_phone(typed: str) -> str | None:
    """A phone number as it is compared and kept; None when it cannot be one."""
    digits = re.sub(r"[\s()-]", "", typed)
    digits = digits.removeprefix("+86") if _MOBILE.fullmatch(digits.removeprefix("+86")) else digits
    known = any(shape.fullmatch(digits) for shape in (_MOBILE, _LANDLINE, _ABROAD))
    return digits if known and digits.isascii() else None
