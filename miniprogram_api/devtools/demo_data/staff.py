"""The demonstration staff: who they work for, what they hold, and the organisations behind the sites."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.devtools.demo_data.catalogue import MARK
from miniprogram_api.devtools.demo_data.sites import DEMO
from miniprogram_api.devtools.fake_registry import DEMO_OPERATOR
from miniprogram_api.identity import passwords
from miniprogram_api.identity.models import Organisation
from miniprogram_api.identity.permissions import Role
from miniprogram_api.identity.service import devices, organisations, roles, staff, staff_passwords
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.models import Site

DEFAULT_PASSWORD = "demo-only-password"

BASES = DEMO_OPERATOR
AWAY = f"长春市县域生态旅游联盟{MARK}"
SCHOOL = f"长春市低碳示范学校联盟{MARK}"
BUREAU = f"长春市低碳示范区宣传专班{MARK}"

_COMMUNITY_SITE = "CC007"
GATE_SITE = "CC001"


@dataclass(frozen=True, slots=True)
class _Post:
    """A role, over an organisation's sites, over one site (by code), or over the city."""

    role: Role
    organisation: str | None = None
    site: str | None = None


@dataclass(frozen=True, slots=True)
class StaffCard:
    """An account of the demonstration."""

    username: str
    display_name: str
    organisation: str
    posts: tuple[_Post, ...]


STAFF = (
    # Nobody but this account could show the audit trail, which outside a demonstration is another person's.
    StaffCard("demo-admin", "演示管理员", BUREAU, (_Post(Role.ADMIN), _Post(Role.AUDITOR))),
    StaffCard("demo-manager", "演示示范点管理员", BASES, (_Post(Role.SITE_MANAGER, organisation=BASES),)),
    StaffCard("demo-gate", "演示核销员", BASES, (_Post(Role.GATE, organisation=BASES),)),
    StaffCard("demo-dpo", "演示个人信息保护负责人", BUREAU, (_Post(Role.DPO),)),
    StaffCard("demo-editor", "演示编辑", BUREAU, (_Post(Role.EDITOR),)),
    StaffCard("demo-reviewer", "演示审稿人", BUREAU, (_Post(Role.REVIEWER),)),
    # Three reviews take three people.
    StaffCard("demo-reviewer-2", "演示复审人", BUREAU, (_Post(Role.REVIEWER),)),
    StaffCard("demo-reviewer-3", "演示终审人", BUREAU, (_Post(Role.REVIEWER),)),
    StaffCard("demo-teacher", "演示教师", SCHOOL, (_Post(Role.TEACHER, organisation=SCHOOL),)),
    StaffCard(
        "demo-community", "演示社区工作者", BASES, (_Post(Role.COMMUNITY_WORKER, site=_COMMUNITY_SITE),)
    ),
)


def load_organisations(now: datetime) -> dict[str, UUID]:
    """The organisations by name; those that are missing are made."""
    with atomic() as session:
        known = select(Organisation.name, Organisation.id).where(Organisation.name.like(f"%{MARK}"))
        found = {row.name: row.id for row in session.execute(known)}
        for name in (BASES, AWAY, SCHOOL, BUREAU):
            if name not in found:
                made = organisations.create_organisation(
                    session, name=name, credit_code=None, actor=DEMO, now=now
                )
                found[name] = made.id
    return found


def load_account(card: StaffCard, *, employers: dict[str, UUID], password: str, now: datetime) -> None:
    """Make the account, or see to it that the password that is printed opens the one that exists."""
    with reading() as session:
        known = staff.find_account(session, card.username)
    if known is not None and passwords.is_password(password, known.password_hash):
        return
    password_hash = passwords.hash_password(password)
    with atomic() as session:
        if known is None:
            _create(session, card, employers, password_hash, now)
        else:
            account = staff_passwords.reset_password(
                session, staff_id=known.id, password_hash=password_hash, actor=DEMO, now=now
            )
            account.must_change_password = False


def _create(
    session: Session, card: StaffCard, employers: dict[str, UUID], password_hash: str, now: datetime
) -> None:
    account = staff.create_account(
        session,
        username=card.username,
        display_name=card.display_name,
        organisation_id=employers[card.organisation],
        password_hash=password_hash,
        must_change_password=False,
        demo=True,
        actor=DEMO,
        now=now,
    )
    for post in card.posts:
        roles.grant_role(
            session,
            staff_id=account.id,
            role=post.role,
            organisation_id=employers[post.organisation] if post.organisation else None,
            site_id=_site_id(session, post.site) if post.site else None,
            actor=DEMO,
            now=now,
        )


def load_gate_device(now: datetime) -> str | None:
    """Add a gate device to the first site; answers its token, which nobody can read again, or None."""
    with atomic() as session:
        site_id = _site_id(session, GATE_SITE)
        if devices.list_devices(session, site_id=site_id):
            return None
        return devices.create_device(
            session, site_id=site_id, name="演示闸机（东门）", actor=DEMO, now=now
        ).token


def _site_id(session: Session, code: str) -> UUID:
    return session.scalars(select(Site.id).where(Site.code == code)).one()
