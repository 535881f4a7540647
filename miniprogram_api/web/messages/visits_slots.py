"""Texts about slots and policies: what can go wrong, and why a slot cannot be booked."""

MESSAGES = {
    "visits.site_not_open": (
        "该示范点目前不开放预约，不能生成场次。",
        "The site takes no bookings at present, so it gets no slots.",
    ),
    "visits.slot_exists": (
        "该示范点在这个时间已有场次。",
        "A slot of this site starts at that time already.",
    ),
    "visits.slot_started": (
        "场次已经开始，不能再修改。",
        "The slot has begun and cannot be changed any more.",
    ),
    "visits.slot_in_closure": (
        "该场次在闭馆安排之内，请先撤销闭馆。",
        "A closure holds this slot closed; lift the closure first.",
    ),
    "visits.capacity_below_taken": (
        "名额不能少于已预约和已锁定的 {taken} 个。",
        "{taken} places are booked or held; there cannot be fewer.",
    ),
    "visits.policy_raced": (
        "预约规则刚刚被他人修改，请刷新后重试。",
        "Somebody else has just changed the policy; reload and try again.",
    ),
    "visits.nothing_to_change": (
        "所选场次没有需要改动的，请调整筛选条件。",
        "None of the chosen slots needs this change; choose others.",
    ),
    "visits.change_outdated": (
        "刚刚有人预约或取消，现在影响 {slots} 个场次、{bookings} 个预约。请核对后再确认一次。",
        "Bookings have changed: {slots} slots and {bookings} bookings are hit now. Look again and confirm.",
    ),
    "visits.too_many_to_move": (
        "一次最多改期 {most} 个预约，请缩小日期范围，分几次操作。",
        "At most {most} bookings are moved at once; choose fewer slots.",
    ),
    "visits.undo_over": (
        "已超过可以撤销的时间，请手动调整场次。",
        "The time to take this back is over; change the slots by hand.",
    ),
    "visits.default_policy_unchanged": (
        "全市默认规则在该日已是这些数值，无需修改。",
        "The city's rules of that day are these already.",
    ),
    "visits.policy_contradiction": ("与 {other} 相互矛盾。", "Contradicts {other}."),
    "visits.slot_because.not_released": ("尚未开放预约。", "Not released yet."),
    "visits.slot_because.not_released_until": (
        "{opens_at} 开放预约。",
        "Opens for booking at {opens_at}.",
    ),
    "visits.slot_because.provisional": (
        "该年度节假日安排尚未公布，场次为暂定，暂不开放预约。",
        "The holidays of that year are not gazetted yet; the slot is provisional.",
    ),
    "visits.slot_because.past": ("场次已开始或已结束。", "The slot has begun or is over."),
    "visits.slot_because.past_cutoff": ("已过预约截止时间。", "Booking for this slot has ended."),
    "visits.slot_because.slot_full": ("本场次已约满。", "The slot is full."),
    "visits.slot_because.day_full": ("当日名额已约满。", "The day is full."),
    "visits.slot_because.site_paused": ("该示范点暂停预约。", "The site takes no bookings at present."),
    "visits.slot_because.closed": ("本场次已关闭。", "The slot is closed."),
}
