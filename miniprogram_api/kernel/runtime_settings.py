"""Numbers that may change while the product runs, each with its bounds, its history, and from when it holds.

A feature declares what may change, and reads it with the session it has:

    IDLE_MINUTES = declare("identity.staff_idle_minutes", default=30, least=5, most=120)
    IDLE_MINUTES.value(session, now)

The changes are few and are kept in memory for two seconds, so a read costs a statement now and then; this
process forgets its copy as soon as it has committed a change.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Index, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from miniprogram_api.kernel import audit, events
from miniprogram_api.kernel.audit import Actor
from miniprogram_api.kernel.db import Model, UtcDateTime, after_commit
from miniprogram_api.kernel.errors import Conflict, FieldError, Invalid, NotFound
from miniprogram_api.kernel.ids import new_id

COPY_LIFE = timedelta(seconds=2)
_OBJECT = "setting"


class SettingChange(Model):
    """One change: to what, from when, by whom and why. Append-only, but for one that is withdrawn in time."""

    __tablename__ = "kernel_setting_changes"
    __table_args__ = (Index("ix_kernel_setting_changes_name", "name", "effective_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    value: Mapped[int]
    effective_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)
    changed_by: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(200))
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    withdrawn_by: Mapped[str | None] = mapped_column(String(64))


@dataclass(frozen=True, slots=True)
class SettingChanged(events.Event):
    """A setting will have this value from an instant on."""

    name: ClassVar[str] = "kernel.setting_changed"

    setting: str
    value: int
    effective_at: str


@dataclass(frozen=True, slots=True)
class SettingWithdrawn(events.Event):
    """A change that had not taken effect never will."""

    name: ClassVar[str] = "kernel.setting_withdrawn"

    setting: str
    change_id: str


class SettingUnchanged(Conflict):
    """The setting has this value at that time anyway."""

    code = "settings.unchanged"


class SettingInForce(Conflict):
    """What has taken effect is not withdrawn but changed again."""

    code = "settings.in_force"


@dataclass(frozen=True, slots=True)
class RuntimeSetting:
    """A number with its bounds; without a default of its own it has the installation's."""

    name: str
    default: int | None
    least: int
    most: int

    def value(self, session: Session, now: datetime, *, default: int | None = None) -> int:
        """What holds now."""
        changed = _copy_of(session, now).get(self.name, ())
        held = [change for change in changed if change.effective_at <= now]
        if held:
            return held[-1].value
        return default if default is not None else self.default or self.least


_declared: dict[str, RuntimeSetting] = {}


def declare(name: str, *, default: int | None, least: int, most: int) -> RuntimeSetting:
    """Let a number change at run time. Raises ValueError when the name is taken."""
    if name in _declared:
        raise ValueError(f"{name} is declared already")
    _declared[name] = RuntimeSetting(name, default, least, most)
    return _declared[name]


def declared() -> list[RuntimeSetting]:
    """Every setting, by name."""
    return [_declared[name] for name in sorted(_declared)]


def get(name: str) -> RuntimeSetting:
    """The setting of a name. Raises NotFound."""
    if name not in _declared:
        raise NotFound
    return _declared[name]


def list_changes(session: Session, name: str) -> list[SettingChange]:
    """The history of a setting, the newest change first."""
    of_name = select(SettingChange).where(SettingChange.name == name)
    return list(session.scalars(of_name.order_by(SettingChange.id.desc())))


def list_all_changes(session: Session) -> dict[str, list[SettingChange]]:
    """The changes of every setting that were not withdrawn, in the order in which they take effect."""
    standing = select(SettingChange).where(SettingChange.withdrawn_at.is_(None))
    found: dict[str, list[SettingChange]] = {}
    for change in session.scalars(standing.order_by(SettingChange.effective_at, SettingChange.id)):
        found.setdefault(change.name, []).append(change)
    return found


def change(
    session: Session,
    name: str,
    *,
    value: int,
    effective_at: datetime | None,
    reason: str,
    actor: Actor,
    now: datetime,
    default: int | None = None,
) -> SettingChange:
    """Let a setting have a value from an instant on, by default from now.

    Raises NotFound, Invalid for a value out of bounds or an instant that is over, SettingUnchanged.
    """
    setting, since = get(name), effective_at or now
    wrong = []
    if not setting.least <= value <= setting.most:
        bounds = {"least": setting.least, "most": setting.most}
        wrong.append(FieldError("value", "settings.out_of_bounds", bounds))
    if since < now:
        wrong.append(FieldError("effective_at", "settings.over"))
    if wrong:
        raise Invalid(fields=wrong)
    forget(session)
    before = setting.value(session, since, default=default)
    if before == value:
        raise SettingUnchanged
    row = SettingChange(
        id=new_id(),
        name=name,
        value=value,
        effective_at=since,
        changed_at=now,
        changed_by=f"{actor.kind}:{actor.id}",
        reason=reason,
        withdrawn_at=None,
        withdrawn_by=None,
    )
    session.add(row)
    told = SettingChanged(name, value, since.isoformat())
    after = {"value": value, "effective_at": told.effective_at}
    _leave(session, told, before={"value": before}, after=after, reason=reason, actor=actor)
    return row


def withdraw(session: Session, name: str, change_id: UUID, *, actor: Actor, now: datetime) -> SettingChange:
    """Call off a setting's change before it takes effect. Raises NotFound, SettingInForce."""
    waiting = (SettingChange.name == name, SettingChange.withdrawn_at.is_(None))
    wanted = select(SettingChange).where(SettingChange.id == change_id, *waiting)
    row = session.scalar(wanted.with_for_update())
    if row is None:
        raise NotFound
    if row.effective_at <= now:
        raise SettingInForce
    row.withdrawn_at, row.withdrawn_by = now, f"{actor.kind}:{actor.id}"
    told = SettingWithdrawn(row.name, str(row.id))
    before = {"value": row.value, "effective_at": row.effective_at.isoformat()}
    _leave(session, told, before=before, after=None, reason=None, actor=actor)
    return row


def _leave(
    session: Session,
    told: SettingChanged | SettingWithdrawn,
    *,
    before: dict[str, object],
    after: dict[str, object] | None,
    reason: str | None,
    actor: Actor,
) -> None:
    audit.record(
        session,
        actor=actor,
        action=told.name,
        object_type=_OBJECT,
        object_id=told.setting,
        before=before,
        after=after,
        reason=reason,
    )
    events.publish(session, told)
    session.flush()
    engine = _engine_of(session)
    after_commit(session, lambda: _forget(engine))


@dataclass(frozen=True, slots=True)
class _Held:
    value: int
    effective_at: datetime


@dataclass(frozen=True, slots=True)
class _Copy:
    read_at: datetime
    changes: dict[str, tuple[_Held, ...]]


# By database, for a process may serve several applications one after the other.
_copies: WeakKeyDictionary[Engine, _Copy] = WeakKeyDictionary()


def forget(session: Session) -> None:
    """Read the changes anew at the next use."""
    _forget(_engine_of(session))


def _forget(engine: Engine) -> None:
    _copies.pop(engine, None)


def _engine_of(session: Session) -> Engine:
    bind = session.get_bind()
    return bind if isinstance(bind, Engine) else bind.engine


def _copy_of(session: Session, now: datetime) -> dict[str, tuple[_Held, ...]]:
    """The changes as they were read a moment ago; by the product's own clock, which tests can hold."""
    engine = _engine_of(session)
    copy = _copies.get(engine)
    if copy is None or not copy.read_at <= now < copy.read_at + COPY_LIFE:
        standing = list_all_changes(session)
        changes = {
            name: tuple(_Held(row.value, row.effective_at) for row in rows) for name, rows in standing.items()
        }
        copy = _Copy(now, changes)
        _copies[engine] = copy
    return copy.changes
