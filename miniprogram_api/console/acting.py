"""Pages that stand before one act: what it does to what, a reason where one is needed, and the way back."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Response

from miniprogram_api.console.forms import ConsoleForm
from miniprogram_api.console.pages import page
from miniprogram_api.console.pictures import qr_picture


@dataclass(frozen=True, slots=True)
class Act:
    """What is about to be done: its name, what follows from it, the button, and where giving up leads."""

    title: str
    about: Sequence[str]
    label: str
    back: str
    danger: bool = False
    topic: str = "start"
    site: Any = None
    hints: dict[str, str] = field(default_factory=dict)


def act_page(act: Act, form: ConsoleForm) -> Response:
    """Ask before the act; 422 when the form has errors."""
    return page("act.html", act=act, form=form, site=act.site)


@dataclass(frozen=True, slots=True)
class Handed:
    """Something that is shown this once, to be handed over: a link, a token, a secret."""

    title: str
    label: str
    value: str = field(repr=False)
    about: Sequence[str]
    back: str
    back_label: str
    scan: str | None = field(default=None, repr=False)  # what a picture of it holds, if one helps
    site: Any = None
    topic: str = "start"


def handed_page(handed: Handed) -> Response:
    """Show it; no other page ever will."""
    picture = qr_picture(handed.scan) if handed.scan else None
    return page("handed.html", handed=handed, picture=picture, site=handed.site)


def as_attachment(content: bytes, *, name: str, content_type: str) -> Response:
    """A file to be kept under a name."""
    disposition = f'attachment; filename="{name}"'
    return Response(content, content_type=content_type, headers={"Content-Disposition": disposition})
