"""Facts about objections; who made one and what it says is in none of them."""

from dataclasses import dataclass
from typing import ClassVar

from miniprogram_api.kernel.events import Event


@dataclass(frozen=True, slots=True)
class ObjectionFiled(Event):
    """A member objected to a project under public notice."""

    name: ClassVar[str] = "registry.objection_filed"

    objection_id: str
    project_id: str


@dataclass(frozen=True, slots=True)
class ObjectionMoved(Event):
    """An objection came into another state."""

    name: ClassVar[str] = "registry.objection_moved"

    objection_id: str
    project_id: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class ObjectionFileUploaded(Event):
    """A member uploaded a picture for an objection."""

    name: ClassVar[str] = "registry.objection_file_uploaded"

    file_id: str


@dataclass(frozen=True, slots=True)
class ObjectionsErased(Event):
    """The identity and the words of objections were erased, their time being over."""

    name: ClassVar[str] = "registry.objections_erased"

    count: int
