"""The names of the registry's codes, as its dictionaries give them, and codes that have none."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.registry.events_feed import DictionaryRefreshed
from miniprogram_api.registry.models import HeldDictionary, UnknownCode
from miniprogram_api.sites.rules import dictionary

log = structlog.get_logger(__name__)

_FIELDS = {"types": "type_code", "levels": "level_code", "districts": "district_code"}
_LONGEST = {"types": 32, "levels": 32, "districts": 12}
_MOST_CODES = 1000


def note_unknown(session: Session, states: Sequence[Mapping[str, Any]], *, now: datetime) -> None:
    """Raise the alarm for each code that has no name here, the first time that one is seen."""
    used = {
        (name, state[field])
        for state in states
        for name, field in _FIELDS.items()
        if state[field] not in dictionary.DICTIONARIES[name]
    }
    if not used:
        return
    known = {(held.name, held.code) for held in session.scalars(select(UnknownCode))}
    for name, code in sorted(used - known):
        log.error("registry_unknown_code", dictionary=name, code=code)
        session.add(UnknownCode(name=name, code=code, first_seen_at=now))
    session.flush()


def has_unknown(session: Session, *, since: datetime) -> bool:
    """Whether a code without a name was first seen then or later."""
    seen = select(UnknownCode.code).where(UnknownCode.first_seen_at >= since)
    return session.scalars(seen.limit(1)).one_or_none() is not None


def settle_named(session: Session) -> int:
    """Forget that codes had no name which this process knows one for now; returns how many."""
    named = [
        row for row in session.scalars(select(UnknownCode)) if row.code in dictionary.DICTIONARIES[row.name]
    ]
    for row in named:
        log.info("registry_code_named", dictionary=row.name, code=row.code)
        session.delete(row)
    session.flush()
    return len(named)


def keep_dictionary(
    session: Session, *, name: str, version: str, items: Iterable[Any], actor: Actor, now: datetime
) -> bool:
    """Keep what the registry calls its codes, but for what reads badly; returns whether anything changed."""
    usable = [item for item in items if _is_usable(name, item)][:_MOST_CODES]
    held = session.get(HeldDictionary, name, with_for_update=True)
    if not usable or (held is not None and (held.version, held.items) == (version, usable)):
        return False
    before = {} if held is None else _names_of(held.items)
    renamed = sorted(code for code, text in _names_of(usable).items() if before.get(code) != text)
    if held is None:
        held = HeldDictionary(name=name)
        session.add(held)
    held.version, held.items, held.fetched_at = version[:80], usable, now
    session.flush()
    audit.record(
        session,
        actor=actor,
        action="registry.refresh_dictionary",
        object_type="dictionary",
        object_id=name,
        after={"version": held.version, "codes": len(usable)},
    )
    events.publish(session, DictionaryRefreshed(name, held.version, codes=renamed))
    return True


def load_names(session: Session) -> None:
    """Have this process show the names that are held; a code that only we know keeps ours."""
    for held in session.scalars(select(HeldDictionary)):
        if held.name in dictionary.DICTIONARIES:
            dictionary.use(held.name, _names_of(held.items), version=held.version)


def _names_of(items: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {item["code"]: item["name"] for item in items}


def _is_usable(name: str, item: Any) -> bool:
    if name not in _FIELDS or not isinstance(item, Mapping):
        return False
    code, text = item.get("code"), item.get("name")
    return (
        isinstance(code, str)
        and isinstance(text, str)
        and 0 < len(code) <= _LONGEST[name]
        and code.isprintable()
        and 0 < len(text.strip()) <= 40
        and text.isprintable()
    )
