"""Addresses under which WeChat fetches a private picture to judge it: they name one picture and soon end."""

import hmac
from datetime import datetime, timedelta
from uuid import UUID

from miniprogram_api.kernel import crypto

# WeChat may take half an hour to come for it.
_LIFE = timedelta(minutes=40)
_PURPOSE = "picture_for_check"


def path_for_check(folder: str, picture_id: UUID, now: datetime) -> str:
    """The path of a picture for WeChat's eyes, under the path where its feature serves pictures."""
    until = int((now + _LIFE).timestamp())
    return f"{folder}/{picture_id}/for-check?until={until}&key={_key(folder, picture_id, until)}"


def is_valid(folder: str, picture_id: UUID, *, until: int, key: str, now: datetime) -> bool:
    """Whether we made this address, and not too long ago."""
    made = hmac.compare_digest(_key(folder, picture_id, until).encode(), key.encode())
    return made and now.timestamp() < until


def _key(folder: str, picture_id: UUID, until: int) -> str:
    return crypto.blind_index(f"{folder}/{picture_id}:{until}", purpose=_PURPOSE).hex()
