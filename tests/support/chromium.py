"""The browser of the tests: the Chromium of this machine, in Chinese, that can reach only loopback."""

import os
import shutil
from collections.abc import Generator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserType, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--no-sandbox",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-gpu",  # pictures are drawn by the processor either way, and this way sooner
    "--lang=zh-CN",
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1 , EXCLUDE localhost",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
_HOW = "no Chromium: install chromium, chromium-l10n and fonts-noto-cjk, or name it in TEST_CHROMIUM"


def chromium_path() -> str | None:
    """Where Chromium is: TEST_CHROMIUM, or the first of the usual names that is installed."""
    named = os.environ.get("TEST_CHROMIUM")
    return named or next(filter(None, map(shutil.which, _NAMES)), None)


@contextmanager
def chromium() -> Generator[Browser]:
    """A browser for many tests. Without Chromium they are skipped; with TEST_NEEDS_CHROMIUM they fail."""
    if chromium_path() is None:
        if os.environ.get("TEST_NEEDS_CHROMIUM"):
            pytest.fail(_HOW)
        pytest.skip(_HOW)
    with sync_playwright() as playwright, launched(playwright.chromium) as browser:
        yield browser


@contextmanager
def launched(kind: BrowserType, *flags: str) -> Generator[Browser]:
    """A browser with flags of its own beside the usual ones."""
    # The dates and buttons of Chromium's own come in the language of its environment.
    language = {"LANGUAGE": "zh_CN", "LANG": "zh_CN.UTF-8"}
    browser = kind.launch(
        executable_path=chromium_path(), args=[*_FLAGS, *flags], env={**os.environ, **language}
    )
    try:
        yield browser
    finally:
        browser.close()
