"""Texts about bookings, holds and tickets."""

MESSAGES = {
    "visits.site_not_bookable": (
        "这个示范点目前不接受预约。",
        "This site takes no bookings at present.",
    ),
    "visits.slot_closed": ("这个场次不开放：{text}", "This slot is closed: {text}"),
    "visits.not_released": ("这个场次还没有开放预约。", "This slot is not yet open for booking."),
    "visits.past_cutoff": ("这个场次已停止预约。", "Booking for this slot has ended."),
    "visits.slot_full": (
        "这个场次余位不足（剩 {left} 位），请看看其他场次。",
        "Not enough places are left in this slot ({left}); see the other slots.",
    ),
    "visits.day_full": (
        "当天的参观名额已满，请选择其他日期。",
        "The site is full on this day; please choose another day.",
    ),
    "visits.children_full": (
        "这个场次的儿童名额不足（剩 {left} 位）。",
        "Not enough places for children are left in this slot ({left}).",
    ),
    "visits.wheelchairs_taken": (
        "这个场次的轮椅位不足（剩 {left} 个）。",
        "Not enough wheelchair places are left in this slot ({left}).",
    ),
    "visits.sign_language_taken": (
        "这个场次的手语讲解已约满，请看看其他场次。",
        "No sign-language guide is left for this slot; see the other slots.",
    ),
    "visits.party_too_small": ("每单至少 {least} 人。", "A party has at least {least} people."),
    "visits.party_too_large": ("每单最多 {most} 人。", "A party has at most {most} people."),
    "visits.party_needs_adult": (
        "未成年人须由成人陪同参观。",
        "Children must be accompanied by an adult.",
    ),
    "visits.too_many_children": (
        "同行儿童最多 {most} 人，请增加陪同的成人。",
        "At most {most} children may come with so many adults.",
    ),
    "visits.member_barred": (
        "因多次爽约，您暂时不能预约，{until} 后恢复。",
        "After missed visits you cannot book until {until}.",
    ),
    "visits.already_booked": (
        "同一人同一天在同一示范点只能预约一次。",
        "One person can book one visit per site and day.",
    ),
    "visits.overlaps": (
        "这个时间与您的另一预约 {number} 冲突。",
        "Your visit {number} is at the same time.",
    ),
    "visits.limit_reached": (
        "{days} 天内在同一示范点最多预约 {most} 次。",
        "At most {most} visits to one site within {days} days.",
    ),
    "visits.hold_expired": ("为您保留的名额已过期，请重新选择。", "The places held for you have expired."),
    "visits.hold_exists": ("这个场次已为您保留了名额。", "Places in this slot are held for you already."),
    "visits.too_many_holds": (
        "您已同时保留 {most} 个场次，请先完成预约或放弃其中一个。",
        "You hold seats of {most} slots already; book or release one of them first.",
    ),
    "visits.hold_not_extendable": ("保留时间不能再延长。", "The hold cannot be extended again."),
    "visits.booking_not_active": (
        "这个预约已取消或已结束，不能再更改。",
        "This booking has been cancelled or is over.",
    ),
    "visits.booking_changed": (
        "这个预约刚刚有变动，请刷新后再试。",
        "This booking has just been changed; reload it and try again.",
    ),
    "visits.cancel_too_late": ("已过取消截止时间。", "It is too late to cancel."),
    "visits.change_too_late": ("已过改期截止时间。", "It is too late to move this booking."),
    "visits.cancel_limit_reached": (
        "您近期取消的次数已达上限。",
        "You have cancelled as often as this site allows.",
    ),
    "visits.same_slot": ("预约已在这个场次。", "The booking is for this slot already."),
    "visits.other_site": (
        "只能改到同一示范点的其他场次。",
        "A booking can only be moved within its site.",
    ),
    "visits.change_limit_reached": (
        "这个预约改期的次数已达上限。",
        "This booking has been moved as often as the site allows.",
    ),
    "visits.ticket_revoked": ("这个预约已没有有效的入场码。", "This booking has no valid ticket."),
    "visits.member_busy": (
        "您的另一个预约正在处理，请稍后再试。",
        "Another booking of yours is being processed; try again.",
    ),
    "visits.contact_required": ("请填写联系人姓名和手机号。", "A contact's name and phone are needed."),
    "visits.visitors_required": (
        "请填写 {needed} 位参观人的姓名和证件。",
        "Names and documents of {needed} visitors are needed.",
    ),
    "visits.export_too_large": (
        "符合条件的预约超过 {most} 条，一次导不完。请缩小日期范围或加上筛选条件。",
        "More than {most} bookings match; narrow the days or the filters.",
    ),
    "visits.override_reason_required": ("请写明破例的理由。", "Give the reason for going against the rule."),
    "visits.id_number_invalid": ("证件号码不正确，请核对。", "The document number is not valid."),
    "visits.person_repeated": ("同一证件填写了两次。", "The same document is given twice."),
    "visits.phone_invalid": ("请填写 11 位手机号或带区号的固定电话。", "Not a valid phone number."),
    "visits.party_empty": ("至少要有一位参观人。", "There must be at least one visitor."),
}
