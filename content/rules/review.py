"""Review: which steps a text goes through, and who may decide about it."""

from collections.abc import Collection, Mapping
from types import MappingProxyType
from uuid import UUID

from content.errors import NoteMissing, OwnText, SecondStep
from content.models import ContentClass, Decision, Step, SubmissionState
from miniprogram_api.kernel.errors import FieldError

STEPS = tuple(Step)
STEP_NAMES: Mapping[Step, str] = MappingProxyType(
    {Step.FIRST: "初审", Step.SECOND: "复审", Step.FINAL: "终审"}
)
CLASS_NAMES: Mapping[ContentClass, str] = MappingProxyType(
    {ContentClass.NORMAL: "一般", ContentClass.IMPORTANT: "重要", ContentClass.SENSITIVE: "敏感"}
)
DECISION_NAMES: Mapping[Decision, str] = MappingProxyType(
    {Decision.APPROVED: "通过", Decision.RETURNED: "退回"}
)
SUBMISSION_NAMES: Mapping[SubmissionState, str] = MappingProxyType(
    {
        SubmissionState.OPEN: "审核中",
        SubmissionState.APPROVED: "审核通过",
        SubmissionState.RETURNED: "已退回",
        SubmissionState.WITHDRAWN: "已撤回",
        SubmissionState.SUPERSEDED: "内容已改，作废",
    }
)
# How many steps a class takes unless the settings say otherwise.
USUAL_STEPS: Mapping[ContentClass, int] = MappingProxyType(
    {ContentClass.NORMAL: 1, ContentClass.IMPORTANT: 2, ContentClass.SENSITIVE: 3}
)
MOST_NOTE, MOST_QUOTE = 1_000, 200


def step_due(approved_steps: int) -> Step:
    """The step that decides next, when so many have approved."""
    return STEPS[approved_steps]


def check_reviewer(reviewer_id: UUID, *, writers: Collection[UUID], decided_before: Collection[UUID]) -> None:
    """Raises OwnText for who had a part in the text, SecondStep for who took another step of it."""
    if reviewer_id in writers:
        raise OwnText
    if reviewer_id in decided_before:
        raise SecondStep


def clean_note(note: str, *, required: bool) -> str | None:
    """A reviewer's note as it is kept. Raises NoteMissing when one is required or it is too long."""
    cleaned = note.strip()
    if required and not cleaned:
        raise NoteMissing(fields=[FieldError("note", "content.reason_missing")])
    if len(cleaned) > MOST_NOTE:
        raise NoteMissing(fields=[FieldError("note", "content.too_long", {"most": MOST_NOTE})])
    return cleaned or None
