"""Grants: a role holds over a site, over an organisation's sites, or over the city."""

from uuid import UUID

import pytest

from miniprogram_api.kernel.access import Grant, Principal, PrincipalKind

SITE, OTHER_SITE = UUID(int=1), UUID(int=2)
OWNER, OTHER_OWNER = UUID(int=11), UUID(int=12)
SCAN = frozenset({"gate.scan"})


def _principal(*grants: Grant) -> Principal:
    return Principal(kind=PrincipalKind.STAFF, id=UUID(int=21), session_id=UUID(int=22), grants=grants)


@pytest.mark.parametrize(
    ("grant", "site_id", "organisation_id", "covered"),
    [
        (Grant("gate", SCAN, site_id=SITE), SITE, OWNER, True),
        (Grant("gate", SCAN, site_id=SITE), OTHER_SITE, OWNER, False),
        (Grant("gate", SCAN, organisation_id=OWNER), SITE, OWNER, True),
        (Grant("gate", SCAN, organisation_id=OWNER), SITE, OTHER_OWNER, False),
        (Grant("gate", SCAN, organisation_id=OWNER), SITE, None, False),
        (Grant("gate", SCAN, organisation_id=OWNER, site_id=SITE), OTHER_SITE, OWNER, False),
        (Grant("admin", SCAN), SITE, None, True),
    ],
)
def test_a_grant_covers_what_it_was_given_over(
    grant: Grant, site_id: UUID, organisation_id: UUID | None, covered: bool
) -> None:
    principal = _principal(grant)
    assert principal.may_at("gate.scan", site_id=site_id, organisation_id=organisation_id) is covered
    assert principal.may("gate.scan")


def test_a_permission_and_its_scope_come_from_the_same_grant() -> None:
    principal = _principal(
        Grant("gate", SCAN, site_id=SITE), Grant("editor", frozenset({"sites.view"}), site_id=OTHER_SITE)
    )
    assert not principal.may_at("gate.scan", site_id=OTHER_SITE, organisation_id=None)
    assert principal.may_at("sites.view", site_id=OTHER_SITE, organisation_id=None)


def test_nobody_may_anything_by_default() -> None:
    assert not _principal().may("gate.scan")
    assert not _principal().may_at("gate.scan", site_id=SITE, organisation_id=OWNER)
