"""Who may do what: the whole policy as one table, to be read by people and asked by `kernel.access`.

Deny by default: what is not listed under a role, it may not do. Over which objects a role holds is said by
the grant that gives it (one site, an organisation's sites, the city), never here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from miniprogram_api.kernel.access import Grant

# What each permission lets its holder do. Reading and changing are different permissions everywhere.
PERMISSIONS: Mapping[str, str] = MappingProxyType(
    {
        "member.self": "use one's own member account",
        "visits.book": "book, change and cancel one's own visits",
        "content.react": "read, like and keep articles, answer their questions, follow topics",
        "feedback.send": "write about an article or a site, and see one's own",
        "staff.self": "see and end one's own staff sessions, change one's own password",
        "staff.view": "see staff accounts, their roles, and organisations",
        "staff.manage": "create and disable staff accounts, give and take roles, create organisations",
        "audit.view": "read the audit trail",
        "audit.export": "carry rows of the audit trail away as a file, which is recorded",
        "consents.view": "see how many members agreed to what, never who",
        "requests.view": "see requests about personal data and their deadlines, never whose",
        "requests.manage": "enter requests about personal data and decide about them",
        "settings.view": "see what may change at run time, and its history",
        "settings.manage": "change it, and the city's booking rules",
        "personal_data.reveal": "see one person's unmasked data, for a reason that is recorded",
        "sites.view": "see a site as its staff see it",
        "sites.manage": "change a site's own profile, opening rules and closures",
        "sites.publish": "let a prepared site be seen by the public",
        "gate.devices": "add and revoke a site's gate devices",
        "slots.view": "see a site's slots with their figures",
        "slots.manage": "make, change and close slots",
        "policy.manage": "change a site's booking rules",
        "bookings.view": "see a site's bookings, masked",
        "bookings.manage": "book for callers, cancel, correct a visit's outcome",
        "bookings.override": "go against a booking rule, for a reason that is recorded",
        "strikes.manage": "waive a visitor's no-shows",
        "figures.view": "see how many booked, came and did not, without who they were",
        "gate.scan": "admit visitors",
        "gate.undo": "take an admission back, and settle where gates let in too many",
        "corrections.view": "see the corrections and local notes about a site's registry data",
        "corrections.file": "ask the registry to correct a site's data, and note what is wrong meanwhile",
        "withdrawals.view": "see how the withdrawal of a site goes",
        "withdrawals.call": "see whom to call about visits that a withdrawal cancelled, unmasked",
        "objections.view": "see objections to public notices, without who made them",
        "objections.review": "decide about objections that the content check left to people",
        "content.view": "see articles in any state, their revisions, reviews and the media library",
        "content.write": "write articles, put them forward for review, and keep pictures for them",
        "content.review": "decide at a step of review, never about one's own text",
        "content.publish": "publish, schedule, pin, retract and push what review has approved",
        "content.words": "keep the lists of wrong and sensitive words",
        "content.topics": "keep the topics that articles stand under",
        "feedback.view": "see what members wrote about articles and sites, without who wrote it",
        "feedback.manage": "answer it, and decide about what the content check left to people",
        "registry.view": "see the state of the exchange with the registry, its reports and dead letters",
        "registry.manage": "pull, replay and discard, and decide where the registry's events are sent",
        "partners.view": "see the systems that may call as the registry, and their keys' fingerprints",
        "partners.manage": "add and end such systems and their keys",
    }
)


class Reach(StrEnum):
    """Over what a role can be held."""

    SITE = "site"
    ORGANISATION = "organisation"
    CITY = "city"


class Role(StrEnum):
    SITE_MANAGER = "site_manager"
    GATE = "gate"
    GUIDE = "guide"
    EDITOR = "editor"
    REVIEWER = "reviewer"
    TEACHER = "teacher"
    COMMUNITY_WORKER = "community_worker"
    ADMIN = "admin"
    AUDITOR = "auditor"
    DPO = "dpo"


@dataclass(frozen=True, slots=True)
class RolePolicy:
    """Over what a role can be held, and what it may do there."""

    reaches: frozenset[Reach]
    may: frozenset[str]


def _role(*reaches: Reach, may: str = "") -> RolePolicy:
    return RolePolicy(frozenset(reaches), frozenset(may.split()))


_SITE, _ORGANISATION, _CITY = Reach.SITE, Reach.ORGANISATION, Reach.CITY

ROLES: Mapping[Role, RolePolicy] = MappingProxyType(
    {
        # Runs a site: everything there but the decision that the public may see it.
        Role.SITE_MANAGER: _role(
            _SITE,
            _ORGANISATION,
            may="sites.view sites.manage gate.devices slots.view slots.manage policy.manage bookings.view"
            " bookings.manage bookings.override strikes.manage gate.scan gate.undo personal_data.reveal"
            " corrections.view corrections.file withdrawals.view withdrawals.call figures.view"
            " feedback.view feedback.manage",
        ),
        # Stand at the door; see who comes, never a phone number.
        Role.GATE: _role(_SITE, _ORGANISATION, may="sites.view slots.view bookings.view gate.scan gate.undo"),
        Role.GUIDE: _role(_SITE, _ORGANISATION, may="sites.view slots.view bookings.view"),
        # An editor writes, a reviewer publishes, nobody does both by one role.
        Role.EDITOR: _role(
            _SITE, _ORGANISATION, _CITY, may="sites.view content.view content.write feedback.view"
        ),
        Role.REVIEWER: _role(
            _SITE,
            _ORGANISATION,
            _CITY,
            may="sites.view sites.publish objections.view objections.review content.view content.review"
            " content.publish content.words content.topics feedback.view feedback.manage",
        ),
        # Their work begins with campaigns and activities.
        Role.TEACHER: _role(_ORGANISATION),
        Role.COMMUNITY_WORKER: _role(_SITE, _ORGANISATION),
        # Administration, audit and data protection are three people: none can do another's work.
        Role.ADMIN: _role(
            _CITY,
            may="staff.view staff.manage sites.view sites.manage sites.publish slots.view gate.devices"
            " corrections.view withdrawals.view objections.view registry.view registry.manage"
            " partners.view partners.manage settings.view settings.manage"
            " figures.view content.view content.words content.topics",
        ),
        Role.AUDITOR: _role(_CITY, may="audit.view audit.export"),
        Role.DPO: _role(
            _CITY,
            may="audit.view audit.export bookings.view personal_data.reveal consents.view requests.view"
            " requests.manage figures.view",
        ),
    }
)

# Whoever holds these decides what others may do, or sees whom they like: giving one takes two people.
TWO_PERSON = frozenset({Role.ADMIN, Role.DPO})

# What concerns the city as a whole: a role that is held over less than the city does not bring it.
CITY_ONLY = frozenset({"objections.view", "objections.review", "content.words", "content.topics"})

MEMBER = Grant(
    role="member", permissions=frozenset({"member.self", "visits.book", "content.react", "feedback.send"})
)
# Whoever is signed in as staff, whatever their roles.
STAFF_SELF = Grant(role="staff", permissions=frozenset({"staff.self"}))
_DEVICE = frozenset({"gate.scan", "gate.undo"})


def staff_grant(role: str, *, organisation_id: UUID | None, site_id: UUID | None) -> Grant:
    """A staff role where it is held; a role that this version no longer knows may do nothing."""
    reach = reach_of(organisation_id=organisation_id, site_id=site_id)
    may = may_over(Role(role), reach) if role in ROLES else frozenset()
    return Grant(role=role, permissions=may, organisation_id=organisation_id, site_id=site_id)


def may_over(role: Role, reach: Reach) -> frozenset[str]:
    """What a role may do where it is held."""
    return ROLES[role].may if reach is Reach.CITY else ROLES[role].may - CITY_ONLY


def device_grant(site_id: UUID) -> Grant:
    """What a gate device may do, at its site only."""
    return Grant(role="gate_device", permissions=_DEVICE, site_id=site_id)


def reach_of(*, organisation_id: UUID | None, site_id: UUID | None) -> Reach:
    """How far a grant with these objects reaches."""
    if site_id is not None:
        return Reach.SITE
    return Reach.CITY if organisation_id is None else Reach.ORGANISATION


def can_be_held(role: Role, reach: Reach) -> bool:
    """Whether the policy knows the role over that reach."""
    return reach in ROLES[role].reaches
