"""A browser for each process of the tests, and a desk for each test."""

import re
from collections.abc import Generator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, expect

from tests.support.chromium import chromium
from tests.support.desk import Desk, seated

# A busy machine may be slow; nothing waits longer than it has to.
expect.set_options(timeout=20_000)

_PICTURES = Path(__file__).resolve().parents[2] / "var" / "failed"


@pytest.fixture(scope="session")
def browser() -> Generator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def desk(app: Flask, browser: Browser) -> Generator[Desk]:
    """A window on the served application, watched in everything that holds for all pages."""
    with seated(browser, app) as desk:
        yield desk


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Keep a picture of what a failed test had before it."""
    report = yield
    desk = getattr(item, "funcargs", {}).get("desk")
    if report.when == "call" and report.failed and desk is not None:
        picture = _PICTURES / f"{re.sub(r'[^a-z0-9_]+', '-', item.name)}.png"
        picture.parent.mkdir(parents=True, exist_ok=True)
        desk.keep_picture(picture)
        report.sections.append(("What the browser showed", f"{desk.path}, in {picture}"))
    return report
