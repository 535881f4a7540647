"""Texts of what can go wrong with figures."""

MESSAGES = {
    "reports.period_too_long": (
        "统计时段最长 {most} 天，且结束日期不能早于开始日期。",
        "A period has {most} days at most and does not end before it begins.",
    ),
}
