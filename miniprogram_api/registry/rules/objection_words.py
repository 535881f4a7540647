"""What members are told about their objections: pure functions from facts to Chinese text."""

from miniprogram_api.messaging.rules import Wording
from miniprogram_api.registry.models.objections import ObjectionState

CONTENT_REFUSED = "内容未通过平台的内容安全审核"

_OUTCOMES = {
    ObjectionState.ACCEPTED: "异议成立",
    ObjectionState.REJECTED: "异议不成立",
    ObjectionState.ANSWERED: "已作出答复",
}


def refused(*, project: str, number: str, reason: str) -> Wording:
    """An objection that is not passed on, and what its member can do."""
    return Wording(
        version=1,
        title="您的异议未通过审核",
        body=f"您对“{project}”公示提出的异议（编号 {number}）没有送交登记系统。原因：{reason.rstrip('。')}。"
        "公示期内您可以修改内容后重新提交。",
    )


def delivered(*, project: str, number: str) -> Wording:
    """An objection that the registry has."""
    return Wording(
        version=1,
        title="您的异议已送达",
        body=f"您对“{project}”公示提出的异议（编号 {number}）已送达登记系统，办理结果会在这里通知您。",
    )


def answered(*, project: str, number: str, outcome: ObjectionState, answer: str | None) -> Wording:
    """What the registry decided, and its answer in its own words."""
    said = f"答复：{answer}" if answer else "登记系统没有附加说明。"
    return Wording(
        version=1,
        title=f"您的异议有了结果：{_OUTCOMES[outcome]}",
        body=f"您对“{project}”公示提出的异议（编号 {number}）{_OUTCOMES[outcome]}。{said}",
    )
