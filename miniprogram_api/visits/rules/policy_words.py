"""The booking policy in sentences for visitors, made from its numbers so that the two cannot differ."""

from miniprogram_api.visits.rules.policy import DAY_MINUTES, Policy, RealName

_REAL_NAME = {
    RealName.NONE: "预约无需提供证件信息。",
    RealName.CONTACT: "预约需提供联系人姓名和手机号，无需证件信息。",
    RealName.LEAD: "预约需提供一名参观人的姓名和证件号码。",
    RealName.ALL: "预约需提供每位参观人的姓名和证件号码，入场时请携带证件原件。",
}


def in_words(policy: Policy) -> list[str]:
    """One Chinese sentence for each thing the policy states, in the order a visitor meets them."""
    return [
        *_release(policy),
        *_party(policy),
        *_frequency(policy),
        *_cancelling(policy),
        *_strikes(policy),
        *_entry(policy),
        *_persons(policy),
    ]


def _release(policy: Policy) -> list[str]:
    before = "参观当日" if policy.window_days == 0 else f"参观日前第 {policy.window_days} 天"
    cutoff = "须在参观日前一天结束前预约。" if not policy.same_day else ""
    notice = (
        f"场次开始前 {_span(policy.notice_minutes)}停止预约。"
        if policy.notice_minutes
        else "场次开始前均可预约。"
    )
    extensions = f"，可延长 {policy.hold_extensions} 次" if policy.hold_extensions else "，不可延长"
    return [
        f"{before} {_clock(policy.release_minute)} 开放预约。",
        *([cutoff] if cutoff else []),
        notice,
        f"填写信息时名额保留 {policy.hold_minutes} 分钟{extensions}。",
    ]


def _party(policy: Policy) -> list[str]:
    size = (
        f"每次限预约 {policy.party_max} 人。"
        if policy.party_min == policy.party_max
        else f"每次可预约 {policy.party_min} 至 {policy.party_max} 人。"
    )
    sentences = [size]
    if policy.children_max is not None:
        sentences.append(f"其中 {policy.child_age} 周岁以下儿童最多 {policy.children_max} 人。")
    if policy.children_per_adult is not None:
        sentences.append(
            f"{policy.child_age} 周岁以下儿童须由成人陪同，"
            f"每位成人最多带 {policy.children_per_adult} 名儿童。"
        )
    return sentences


def _frequency(policy: Policy) -> list[str]:
    sentences = ["每人每天在同一示范点只能预约一次。"]
    if policy.visits_limit is not None:
        sentences.append(
            f"每人 {policy.visits_limit_days} 天内在同一示范点最多参观 {policy.visits_limit} 次。"
        )
    return sentences


def _cancelling(policy: Policy) -> list[str]:
    sentences = [f"{_free_until(policy)}可免费取消。", f"{_last_until(policy)}可以取消，之后不能取消。"]
    limits = [
        (policy.cancels_per_day, "每天"),
        (policy.cancels_per_week, "每周"),
        (policy.cancels_per_month, "每月"),
        (policy.cancels_per_year, "每年"),
    ]
    stated = [f"{period}最多 {most} 次" for most, period in limits if most is not None]
    if stated:
        sentences.append(f"主动取消次数：{'，'.join(stated)}。")
    if policy.changes_per_booking is not None:
        sentences.append(f"每个预约最多改期 {policy.changes_per_booking} 次。")
    return sentences


def _free_until(policy: Policy) -> str:
    if policy.cancel_free_minutes_before is not None:
        return f"场次开始前 {_span(policy.cancel_free_minutes_before)}以前"
    return f"{_day(policy.cancel_free_days_before)} {_clock(policy.cancel_free_minute)} 前"


def _last_until(policy: Policy) -> str:
    if policy.cancel_last_minute is not None:
        return f"参观当日 {_clock(policy.cancel_last_minute)} 前"
    if policy.cancel_last_minutes_before:
        return f"场次开始前 {_span(policy.cancel_last_minutes_before)}以前"
    return "场次开始前"


def _strikes(policy: Policy) -> list[str]:
    counted = [
        (policy.no_show_half_points, "预约后未到场即爽约，"),
        (policy.late_cancel_half_points, "逾期取消"),
        (policy.cancel_half_points, "按时取消"),
    ]
    sentences = [f"{what}计 {_points(half)} 次爽约记录。" for half, what in counted if half]
    if policy.warn_half_points is not None:
        sentences.append(
            f"{policy.strike_days} 天内累计 {_points(policy.warn_half_points)} 次爽约记录将收到提醒。"
        )
    if policy.ban_half_points is not None:
        sentences.append(
            f"{policy.strike_days} 天内累计 {_points(policy.ban_half_points)} 次爽约记录，"
            f"暂停预约 {policy.ban_days} 天；因示范点关闭未能参观的不计。"
        )
    return sentences


def _entry(policy: Policy) -> list[str]:
    opens = (
        f"场次开始前 {_span(policy.entry_before_minutes)}" if policy.entry_before_minutes else "场次开始时"
    )
    closes = (
        "场次结束" if policy.entry_after_minutes is None else f"开始后 {_span(policy.entry_after_minutes)}"
    )
    return [
        f"{opens}起可以入场，至{closes}为止。",
        f"停止入场 {_span(policy.no_show_grace_minutes)}后仍未到场的，记为爽约。",
    ]


def _persons(policy: Policy) -> list[str]:
    sentences = [_REAL_NAME[policy.real_name]]
    if policy.real_name in {RealName.LEAD, RealName.ALL}:
        sentences.append(f"证件信息在参观结束 {policy.id_retention_days} 天后删除。")
    return sentences


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _day(days_before: int) -> str:
    return {0: "参观当日", 1: "参观前一天"}.get(days_before, f"参观日前第 {days_before} 天")


def _span(minutes: int) -> str:
    if minutes and minutes % DAY_MINUTES == 0:
        return f"{minutes // DAY_MINUTES} 天"
    if minutes and minutes % 60 == 0:
        return f"{minutes // 60} 小时"
    return f"{minutes} 分钟"


def _points(half_points: int) -> str:
    return str(half_points // 2) if half_points % 2 == 0 else f"{half_points / 2:g}"
