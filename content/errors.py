"""What can go wrong with content."""

from collections.abc import Sequence

from miniprogram_api.kernel.errors import FieldError, Invalid


class DocumentRefused(Invalid):
    """The text holds what an article cannot hold; each field is a place in it, `content[3].attrs.level`."""

    code = "content.document_refused"

    def __init__(self, fields: Sequence[FieldError]) -> None:
        super().__init__(fields=fields)
