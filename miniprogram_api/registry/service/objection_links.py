"""Addresses under which WeChat fetches a private picture to judge it: they name one picture and soon end."""

import hmac
from datetime import datetime, timedelta
from uuid import UUID

from miniprogram_api.kernel import crypto

# WeChat may take half an hour to come for it.
_LIFE = timedelta(minutes=40)
_PURPOSE = "objection_picture"


def path_for_check(file_id: UUID, now: datetime) -> str:
    """The path of a picture for WeChat's eyes."""
    until = int((now + _LIFE).timestamp())
    return f"/api/v1/objections/files/{file_id}/for-check?until={until}&key={_key(file_id, until)}"


def is_valid(file_id: UUID, *, until: int, key: str, now: datetime) -> bool:
    """Whether we made this address, and not too long ago."""
    made = hmac.compare_digest(_key(file_id, until).encode(), key.encode())
    return made and now.timestamp() < until


def _key(file_id: UUID, until: int) -> str:
    return crypto.blind_index(f"{file_id}:{until}", purpose=_PURPOSE).hex()
