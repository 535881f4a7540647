"""Texts about public notices and objections."""

MESSAGES = {
    "registry.notice_not_open": (
        "公示还没有开始，{first_day} 起可以提出异议。",
        "The public notice has not begun; objections are taken from {first_day}.",
    ),
    "registry.notice_closed": (
        "公示期已结束（最后一天为 {last_day}），不再受理异议。",
        "The public notice ended on {last_day}; no objection is taken any more.",
    ),
    "registry.objection_not_under_review": (
        "这条异议现在不需要审核，请刷新后再看。",
        "This objection is not waiting for a decision; reload it.",
    ),
    "registry.objection_files_unknown": (
        "有图片不存在、已被使用或重复，请重新上传。",
        "A picture is not there, used already or named twice; upload it again.",
    ),
    "registry.objections_limited": (
        "同一公示每天最多提出 {most} 条异议，请明天再试。",
        "At most {most} objections a day to one notice; try again tomorrow.",
    ),
    "registry.uploads_limited": (
        "未使用的图片最多 {most} 张，请先提交异议或稍后再试。",
        "At most {most} unused pictures; file the objection first, or try later.",
    ),
    "registry.consent_needed": (
        "提出异议须实名，请先同意向核心登记系统提供您的姓名和手机号。",
        "Objections are not anonymous: agree to your name and phone being given to the core registry.",
    ),
}
