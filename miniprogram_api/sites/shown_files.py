"""The port through which the media route learns which files of the features above anybody may have by name.

The file store holds more than that: objections' pictures, exports. The application connects it with `use()`.
"""

from collections.abc import Callable

from sqlalchemy.orm import Session

IsShown = Callable[[Session, str], bool]


class _Connected:
    checks: tuple[IsShown, ...] = ()


def use(*checks: IsShown) -> None:
    """Connect what the features above say of a file's name; the composition root does, and tests do."""
    _Connected.checks = checks


def is_shown(session: Session, file_name: str) -> bool:
    """Whether any feature above shows the file."""
    return any(check(session, file_name) for check in _Connected.checks)
