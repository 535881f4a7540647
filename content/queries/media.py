"""Which files are pictures of the library: the store holds things too that nobody may have by name."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.models import Asset
from miniprogram_api.kernel.files import picture_name


def is_picture(session: Session, file_name: str) -> bool:
    """Whether a file is a picture of the library in some width, and was not taken out of it."""
    known = select(Asset.id).where(Asset.file_name == picture_name(file_name), Asset.retired_at.is_(None))
    return session.scalar(known) is not None
