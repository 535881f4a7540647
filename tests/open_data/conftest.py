"""Days whose figures have left through the rules, as counting them leaves them."""

from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, date, datetime

import pytest
from flask import Flask

from miniprogram_api.engagement.models import EngagementDay, Reason
from miniprogram_api.engagement.rules import Figures, let_out, pack
from miniprogram_api.kernel.db import atomic
from tests.factories.sites import make_site

AT = datetime(2026, 11, 21, 3, 10, tzinfo=UTC)
Days = Callable[..., None]


@pytest.fixture
def given_day(app: Flask) -> Days:
    """Give a project's day away: `given_day("P-1", date(2026, 11, 20), bookings=12)`."""
    sites = {}

    def give(project_id: str, on: date, *, retracted: bool = False, **figures: int) -> None:
        counted = Figures(**figures)
        with atomic() as session:
            if project_id not in sites:
                sites[project_id] = make_site(session, project_id=project_id).id
            session.add(
                EngagementDay(
                    project_id=project_id,
                    counted_on=on,
                    site_id=sites[project_id],
                    **{field.name: getattr(counted, field.name) for field in fields(Figures)},
                    shown=pack(let_out(counted)),
                    revision=1,
                    reason=Reason.INITIAL,
                    final=False,
                    counted_at=AT,
                    generated_at=AT,
                    retracted_at=AT if retracted else None,
                )
            )

    return give
