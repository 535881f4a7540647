"""Texts about the gate, no-shows and strikes."""

MESSAGES = {
    "visits.heads_exceed_remaining": (
        "这张票最多还能入场 {remaining} 人，本次未放行。",
        "This ticket admits {remaining} more at most; nobody was let in.",
    ),
    "visits.scan_not_admitting": (
        "这次扫码没有放行，无需撤销。",
        "This scan let nobody in; there is nothing to undo.",
    ),
    "visits.scan_already_undone": ("这次放行已经撤销过了。", "This admission has been undone already."),
    "visits.undo_too_late": (
        "放行超过 {minutes} 分钟，不能撤销。",
        "An admission can be undone for {minutes} minutes only.",
    ),
    "visits.conflict_already_closed": (
        "这条冲突已经处理过了，请刷新列表。",
        "This conflict has been settled already.",
    ),
    "visits.walk_in_not_now": (
        "这个场次的入场时间为 {opens_at} 至 {until}。",
        "This slot is entered from {opens_at} to {until}.",
    ),
    "visits.not_a_no_show": (
        "这个预约没有被标记为爽约。",
        "This booking is not marked as a no-show.",
    ),
    "visits.visit_day_taken": (
        "预约人当天在该示范点已有另一个有效预约，不能更正。",
        "The member has another visit to this site on that day.",
    ),
    "visits.strike_already_waived": ("这次爽约记录已经免除。", "This strike has been waived already."),
    "visits.nonce_reused": (
        "这个 nonce 已用于另一个请求。",
        "This nonce was used for another request.",
    ),
}
