"""Before anything is connected above, nothing can be booked and nothing follows from a change."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from miniprogram_api.kernel.db import atomic
from miniprogram_api.sites import availability, consequences, queries
from miniprogram_api.sites.availability import NoAvailability
from miniprogram_api.sites.consequences import NoConsequences
from miniprogram_api.sites.errors import FieldNotOwned
from miniprogram_api.sites.service.profile import edit_site
from tests.factories.sites import make_closure, make_site
from tests.sites.conftest import ACTOR, FakeAvailability

NOW = datetime(2026, 11, 23, 2, tzinfo=UTC)


def test_without_visits_no_site_is_bookable_and_no_policy_is_stated(
    client: FlaskClient, rooms: FakeAvailability
) -> None:
    availability.use(NoAvailability())
    with atomic() as session:
        site = make_site(session)
    assert client.get("/api/v1/sites").get_json()["items"][0]["next_available_on"] is None
    assert client.get("/api/v1/sites?open_on=2026-11-25").get_json()["items"] == []
    assert client.get(f"/api/v1/sites/{site.id}").get_json()["policy"] == {"words": [], "numbers": {}}


def test_without_visits_a_change_has_no_consequences(session: Session) -> None:
    consequences.use(NoConsequences())
    site = make_site(session)
    edit_site(session, site=site, changes={"weekly_closing_weekday": 1}, actor=ACTOR, now=NOW)
    assert consequences.current().preview(session, site.id, plan=lambda *_: {}, now=NOW) == {}


def test_a_command_refuses_what_the_site_does_not_own_whoever_calls_it(session: Session) -> None:
    with pytest.raises(FieldNotOwned) as refused:
        edit_site(session, site=make_site(session), changes={"name": "新名"}, actor=ACTOR, now=NOW)
    assert [wrong.field for wrong in refused.value.fields] == ["name"]


def test_features_above_read_a_closure_until_it_is_lifted(session: Session) -> None:
    site = make_site(session)
    closure = make_closure(session, site.id, on=date(2026, 12, 7))
    found = queries.find_closure(session, closure.id)
    assert found is not None
    assert found.public_text == "设备检修"
    closure.lifted_at = NOW
    assert queries.find_closure(session, closure.id) is None


def test_a_site_that_there_is_not_has_no_days(session: Session) -> None:
    assert queries.opening_days(session, UUID(int=7), date(2026, 12, 7), date(2026, 12, 8)) == {}
