"""The demonstration's members: invented people with a WeChat account, a phone and documents nobody holds."""

import random
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from stdnum.cn import ric

from miniprogram_api.identity import consent_texts
from miniprogram_api.identity.models import ConsentPurpose, Member
from miniprogram_api.identity.service import consents, members, sessions
from miniprogram_api.identity.service.consents import Decision
from miniprogram_api.identity.service.members import PhoneSource
from miniprogram_api.kernel import crypto
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.visits.rules.party import Contact, IdType, Person

_COUNT = 34
_FAMILY = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何林高罗"
_GIVEN = ("晓雨", "志强", "丽娜", "建国", "雪梅", "文博", "春燕", "海涛", "佳宁", "立新", "玉兰", "思远")
_AGREED = (ConsentPurpose.PRIVACY_POLICY, ConsentPurpose.IDENTITY_DATA)


@dataclass(frozen=True, slots=True)
class VisitorCard:
    """Somebody who books visits."""

    openid: str
    nickname: str
    contact: Contact
    companions: tuple[Person, ...]  # whom documents can be given for, the person first


def visitors() -> tuple[VisitorCard, ...]:
    """The same invented people on every machine."""
    return tuple(_visitor(number) for number in range(1, _COUNT + 1))


def list_known(cards: tuple[VisitorCard, ...]) -> set[str]:
    """The openids of those who have joined already."""
    indexes = {crypto.blind_index(card.openid, purpose="openid"): card.openid for card in cards}
    with reading() as session:
        found = session.scalars(select(Member.openid_index).where(Member.openid_index.in_(indexes)))
        return {indexes[index] for index in found if index is not None}


def join(card: VisitorCard, *, now: datetime) -> UUID:
    """Sign the visitor in for the first time, with what they tell of themselves; answers the member's id."""
    with atomic() as session:
        signed_in = sessions.sign_in(session, openid=card.openid, unionid=None, now=now, request_id=None)
        member_id = signed_in.member.id
        actor = Actor(kind="member", id=str(member_id))
        members.change_nickname(session, member_id=member_id, nickname=card.nickname, actor=actor)
        members.set_phone(
            session,
            member_id=member_id,
            phone=card.contact.phone,
            source=PhoneSource.TYPED,
            actor=actor,
            now=now,
        )
        decisions = [
            Decision(purpose, granted=True, text_version=consent_texts.current_text(purpose).version)
            for purpose in _AGREED
        ]
        consents.decide(session, member_id=member_id, decisions=decisions, actor=actor, now=now)
    return member_id


def _visitor(number: int) -> VisitorCard:
    chance = random.Random(number)
    names = [_name(chance) for _ in range(5)]
    companions = tuple(
        Person(name, IdType.ID_CARD, _identity_number(number * 10 + place, chance))
        for place, name in enumerate(names)
    )
    return VisitorCard(
        openid=f"demo-visitor-{number:02d}",
        nickname=f"示例市民{number:02d}",
        contact=Contact(names[0], f"1990000{number:04d}"),
        companions=companions,
    )


def _name(chance: random.Random) -> str:
    return chance.choice(_FAMILY) + chance.choice(_GIVEN)


def _identity_number(sequence: int, chance: random.Random) -> str:
    """A number with a right check digit and a district, 990000, that does not exist."""
    year, month, day = chance.randint(1955, 2004), chance.randint(1, 12), chance.randint(1, 28)
    stem = f"990000{year}{month:02d}{day:02d}{sequence % 1000:03d}"
    return stem + str(ric.calc_check_digit(stem + "0"))
