"""The booking policy for a site's staff: the version in force, every version, and stating a new one."""

from http import HTTPStatus
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from miniprogram_api.kernel import clock
from miniprogram_api.kernel.db import atomic, reading
from miniprogram_api.sites.service import get_managed_site
from miniprogram_api.visits.rules.policy import Policy, from_numbers
from miniprogram_api.visits.rules.timetable import DatedPolicy, policy_on
from miniprogram_api.visits.schemas import slot_examples as examples
from miniprogram_api.visits.schemas import slots as wire
from miniprogram_api.visits.service import policies
from miniprogram_api.visits.service.policies import PolicyOutlook
from miniprogram_api.web.api import Routes
from miniprogram_api.web.auth import current_actor, current_principal, requires
from miniprogram_api.web.schemas import parse_id

blp = Routes(
    "staff-policy", __name__, url_prefix="/api/staff/v1", description="Booking policy of a managed site"
)


def _managed(session: Session, permission: str, site_id: str) -> UUID:
    return get_managed_site(session, current_principal(), permission, parse_id(site_id)).id


@blp.get("/sites/<string:site_id>/policy")
@requires("slots.view")
@blp.response(HTTPStatus.OK, wire.PolicyHistoryView, example=examples.POLICY_HISTORY)
def get_policy(site_id: str) -> dict[str, Any]:
    """The policy in force today, in numbers and in words, and every version of it."""
    with reading() as session:
        site = _managed(session, "slots.view", site_id)
        versions = policies.list_dated(session, site) or policies.undecided(session)
    return {
        **_view(policy_on(versions, clock.today())),
        "history": [_view(version) for version in versions],
    }


@blp.put("/sites/<string:site_id>/policy")
@requires("policy.manage")
@blp.arguments(wire.DryRun, location="query")
@blp.arguments(wire.ChangePolicyBody, example=examples.CHANGE_POLICY)
@blp.response(HTTPStatus.OK, wire.PolicyOutlookView, example=examples.POLICY_OUTLOOK)
def state_policy(options: dict[str, Any], body: dict[str, Any], site_id: str) -> dict[str, Any]:
    """State the whole policy anew: what is left out is the default's."""
    return _change(options, body, site_id, whole=from_numbers(body["numbers"]))


@blp.patch("/sites/<string:site_id>/policy")
@requires("policy.manage")
@blp.arguments(wire.DryRun, location="query")
@blp.arguments(wire.ChangePolicyBody, example=examples.CHANGE_POLICY)
@blp.response(HTTPStatus.OK, wire.PolicyOutlookView, example=examples.POLICY_OUTLOOK)
def change_policy(options: dict[str, Any], body: dict[str, Any], site_id: str) -> dict[str, Any]:
    """Change some numbers of the policy that rules the day from which the change holds."""
    return _change(options, body, site_id, whole=None)


@blp.post("/sites/<string:site_id>/policy")
@requires("policy.manage")
@blp.arguments(wire.DryRun, location="query")
@blp.arguments(wire.ChangePolicyBody, example=examples.CHANGE_POLICY)
@blp.response(HTTPStatus.CREATED, wire.PolicyOutlookView, example=examples.POLICY_OUTLOOK)
def add_policy_version(options: dict[str, Any], body: dict[str, Any], site_id: str) -> dict[str, Any]:
    """Make a new version out of the one in force and the numbers given."""
    return _change(options, body, site_id, whole=None)


def _change(
    options: dict[str, Any], body: dict[str, Any], site_id: str, *, whole: Policy | None
) -> dict[str, Any]:
    now = clock.now()
    effective_on = body["effective_on"] or clock.today()

    def policy(session: Session, site: UUID) -> Policy:
        return whole or policies.merged(session, site, body["numbers"], on=effective_on)

    if options["dry_run"]:
        with reading() as session:
            site = _managed(session, "policy.manage", site_id)
            draft = policy(session, site)
            outlook = policies.preview_policy(
                session, site_id=site, policy=draft, effective_on=effective_on, now=now
            )
            return _outlook(outlook)
    with atomic() as session:
        site = _managed(session, "policy.manage", site_id)
        changed = policies.change_policy(
            session,
            site_id=site,
            policy=policy(session, site),
            effective_on=effective_on,
            actor=current_actor(),
            now=now,
        )
        return _outlook(changed)


def _view(version: DatedPolicy | PolicyOutlook) -> dict[str, Any]:
    return wire.policy_view(version=version.version, effective_on=version.effective_on, policy=version.policy)


def _outlook(outlook: PolicyOutlook) -> dict[str, Any]:
    return {
        **_view(outlook),
        "slots": outlook.slots,
        "slots_taken": outlook.slots_taken,
    }
