"""Looks through everything the product logs and every problem it answers for what must never be there."""

import logging
import re

from config.logging import formatter

# Looser than what the product scrubs by: a value that only its patterns would miss is still found here.
_PERSONAL = (
    re.compile(r"(?<![0-9a-f-])1[3-9][0-9]{9}(?![0-9a-f-])"),
    re.compile(r"(?<![0-9a-f-])[1-9][0-9]{16}[0-9Xx](?![0-9a-f-])"),
    re.compile(r"\b(?:mp|rf|st|gd|pt|ps|ph|iv)_[A-Za-z0-9_-]{30,}"),
    re.compile(r"whsec_[A-Za-z0-9+/=]{20,}"),
)
# What the product hands out beyond a caller's own things: it is looked through as its logs are.
WATCHED = frozenset(
    {"application/problem+json", "text/csv", "application/geo+json", "application/ld+json", "text/calendar"}
)
SECRETS = (
    "demo-wechat-secret",
    "demo-only-password",
    "canary-secret",
    "demo-partner-secret",
    "demo-registry-secret",
    "demopushtoken",
    "demoAesKey0123456789",
)


def leaks_in(text: str) -> list[str]:
    """Every phone, identity number, token and known secret in a text."""
    found = [match.group() for pattern in _PERSONAL for match in pattern.finditer(text)]
    return found + [secret for secret in SECRETS if secret in text]


class Watcher(logging.Handler):
    """Keeps the lines that the product would write, and the problems that clients were given."""

    def __init__(self) -> None:
        super().__init__()
        self.setFormatter(formatter("json"))
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))

    def see(self, text: str) -> None:
        self.lines.append(text)

    def leaks(self) -> list[str]:
        return [f"{leak!r} in: {line[:500]}" for line in self.lines for leak in leaks_in(line)]
