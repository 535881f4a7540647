"""Texts about feedback."""

MESSAGES = {
    "feedback.not_under_review": (
        "这条反馈现在不需要审核，请刷新后再看。",
        "This feedback is not waiting for a decision; reload it.",
    ),
    "feedback.not_open": (
        "这条反馈现在不在处理中，请刷新后再看。",
        "This feedback is not waiting for an answer; reload it.",
    ),
    "feedback.not_ended": (
        "这条反馈还没有办结，不用重新处理。",
        "This feedback has not come to an end; there is nothing to reopen.",
    ),
    "feedback.nothing_to_correct": (
        "这条反馈没有可以更正的回复。每次回复只能更正一次，还要补充请重新处理后再回复。",
        "There is no answer to correct: each can be corrected once. Reopen it to answer again.",
    ),
    "feedback.picture_decided": (
        "这张图片已经是这个状态，请刷新后再看。",
        "The picture is so already; reload the page.",
    ),
    "feedback.pictures_unknown": (
        "有图片不存在、已被使用或重复，请重新上传。",
        "A picture is not there, used already or named twice; upload it again.",
    ),
    "feedback.limited": (
        "每天最多提交 {most} 条反馈，请明天再试。",
        "At most {most} pieces of feedback a day; try again tomorrow.",
    ),
    "feedback.pictures_limited": (
        "未使用的图片最多 {most} 张，请先提交反馈或稍后再试。",
        "At most {most} unused pictures; send the feedback first, or try later.",
    ),
}
