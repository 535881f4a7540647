"""Texts of what can go wrong when engagement figures are asked for."""

MESSAGES = {
    "registry.wrong_days": (
        "日期范围不正确：起始日期不能晚于截止日期，且一次最多 {most} 天。",
        "The days end before they begin, or are more than {most}.",
    ),
}
