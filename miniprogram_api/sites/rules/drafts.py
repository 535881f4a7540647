"""Whether an opening rule or a closure, as somebody has filled it in, makes sense."""

from datetime import date, timedelta

from miniprogram_api.kernel.errors import FieldError, Invalid
from miniprogram_api.sites.models import ClosureKind
from miniprogram_api.sites.rules.opening import ClosureFacts, Opening, OpeningRuleFacts

_LONGEST_CLOSURE = timedelta(days=366)
# Nobody knows further ahead; a year mistyped would close a day that nobody looks at.
_FURTHEST_AHEAD = timedelta(days=2 * 366)
# Long enough for every season and weekday to meet.
_LOOK_AHEAD = timedelta(days=2 * 366)
# A closure may be entered after the fact, so that nobody is marked as a no-show.
_AFTER_THE_FACT = timedelta(days=30)


def check_rule(rule: OpeningRuleFacts) -> None:
    """Raises Invalid, naming each field that contradicts another."""
    wrong = []
    if not rule.weekdays:
        wrong.append(FieldError("weekdays", "field.required"))
    if rule.opens_minute >= rule.closes_minute:
        wrong.append(FieldError("closes", "sites.closes_before_opens"))
    elif rule.slot_minutes > rule.closes_minute - rule.opens_minute:
        wrong.append(FieldError("slot_minutes", "sites.slot_too_long"))
    if rule.valid_from is not None and rule.valid_to is not None and rule.valid_from > rule.valid_to:
        wrong.append(FieldError("valid_to", "sites.ends_before_it_starts"))
    for field in ("child_capacity", "wheelchair_capacity", "sign_language_capacity"):
        part = getattr(rule, field)
        if part is not None and part > rule.capacity:
            wrong.append(FieldError(field, "sites.more_than_capacity"))
    if wrong:
        raise Invalid(fields=wrong)


def overlapping_rule(
    opening: Opening, rule: OpeningRuleFacts, *, today: date
) -> tuple[OpeningRuleFacts, date] | None:
    """A rule of the same priority whose hours overlap, and the first day on which they do.

    Of two such rules one would silently lose its sessions; a higher priority says which.
    """
    rivals = [
        other
        for other in opening.rules
        if other.id != rule.id
        and other.priority == rule.priority
        and other.opens_minute < rule.closes_minute
        and rule.opens_minute < other.closes_minute
    ]
    on = max(today, rule.valid_from or today)
    end = on + _LOOK_AHEAD
    while rivals and on <= end:
        rival = next((other for other in rivals if other.holds_on(on) and rule.holds_on(on)), None)
        if rival is not None:
            return rival, on
        on += timedelta(days=1)
    return None


def check_closure(closure: ClosureFacts, *, today: date) -> None:
    """Raises Invalid, naming each field that contradicts another."""
    wrong = _wrong_days(closure, today) + _wrong_hours(closure)
    special = closure.kind is ClosureKind.SPECIAL_OPENING
    for field in ("slot_minutes", "capacity"):
        given = getattr(closure, field) is not None
        if special and not given:
            wrong.append(FieldError(field, "field.required"))
        if given and not special:
            wrong.append(FieldError(field, "sites.only_for_special_openings"))
    if wrong:
        raise Invalid(fields=wrong)


def _wrong_days(closure: ClosureFacts, today: date) -> list[FieldError]:
    if closure.last_on < closure.first_on:
        return [FieldError("last_on", "sites.ends_before_it_starts")]
    if closure.last_on - closure.first_on > _LONGEST_CLOSURE:
        return [FieldError("last_on", "sites.closure_too_long")]
    if closure.first_on > today + _FURTHEST_AHEAD:
        return [FieldError("first_on", "field.range")]
    if closure.last_on < today - _AFTER_THE_FACT:
        return [FieldError("last_on", "sites.closure_long_over")]
    return []


def _wrong_hours(closure: ClosureFacts) -> list[FieldError]:
    special = closure.kind is ClosureKind.SPECIAL_OPENING
    missing = [
        field
        for field, minute in (("from", closure.from_minute), ("to", closure.to_minute))
        if minute is None
    ]
    if missing:
        needed = special or len(missing) == 1
        return [FieldError(field, "field.required") for field in missing] if needed else []
    starts, ends = closure.hours()
    if starts >= ends:
        return [FieldError("to", "sites.closes_before_opens")]
    if closure.slot_minutes is not None and closure.slot_minutes > ends - starts:
        return [FieldError("slot_minutes", "sites.slot_too_long")]
    return []
