"""How members are told what became of their feedback."""

from miniprogram_api.messaging.rules import Wording


def answered(*, subject: str, number: str, answer: str, corrected: bool) -> Wording:
    """Staff answered, or put other words in the place of their answer."""
    how = "的回复有更正" if corrected else "有了回复"
    return Wording(
        version=1,
        title=f"您的反馈{how}",
        body=f"您对“{subject}”的反馈（编号 {number}）{how}：{answer}",
    )


def refused(*, subject: str, number: str, reason: str) -> Wording:
    """A person found it not fit to be dealt with."""
    return Wording(
        version=1,
        title="您的反馈未通过审核",
        body=f"您对“{subject}”的反馈（编号 {number}）未通过审核。原因：{reason.rstrip('。')}。"
        "您可以修改内容后重新提交。",
    )


def closed(*, subject: str, number: str, reason: str) -> Wording:
    """It came to an end without being followed."""
    return Wording(
        version=1,
        title="您的反馈已办结：未采纳",
        body=f"您对“{subject}”的反馈（编号 {number}）没有采纳。原因：{reason.rstrip('。')}。感谢您的关注。",
    )
