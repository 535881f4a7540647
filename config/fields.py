"""How a setting is declared: its variable, its default, what it means and what it may be."""

import dataclasses
from typing import Any


def setting(
    env: str,
    default: Any,
    meaning: str,
    *,
    secret: bool = False,
    choices: tuple[str, ...] = (),
    least: float | None = None,
    most: float | None = None,
) -> Any:
    """A field of Settings: its variable, its default, one line of meaning, and what it may be."""
    facts = {
        "env": env,
        "meaning": meaning,
        "secret": secret,
        "choices": choices,
        "least": least,
        "most": most,
    }
    return dataclasses.field(default=default, repr=not secret, metadata=facts)
