"""Content by itself: members who read, and pages that show what was just written."""

from collections.abc import Callable
from uuid import UUID

import pytest
from flask import Flask

from miniprogram_api.kernel.db import atomic
from miniprogram_api.web import prepared
from tests.conftest import Clock
from tests.factories.members import sign_in
from tests.support.clients import BearerClient


class Reader(BearerClient):
    """A member, with their id."""

    def __init__(self, app: Flask, token: str, member_id: UUID) -> None:
        super().__init__(app, token)
        self.id = member_id


@pytest.fixture
def reader_named(app: Flask, clock: Clock) -> Callable[[str], Reader]:
    """Signs a member in by a name of the test's."""

    def make(name: str) -> Reader:
        with atomic() as session:
            signed_in = sign_in(session, openid=f"o-{name}")
        return Reader(app, signed_in.access_token, signed_in.member.id)

    return make


@pytest.fixture
def reader(reader_named: Callable[[str], Reader]) -> Reader:
    return reader_named("alice")


@pytest.fixture
def fresh() -> Callable[[], None]:
    """Two seconds later: pages are made anew."""
    return prepared.forget
