"""Passwords cost little in tests."""

import pytest

from miniprogram_api.identity import passwords


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> None:
    passwords.use_cost(time_cost=1, memory_kib=8)
