"""What each setting that may change at run time is called, what it does, and in what it is counted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """A number in words: its name, a sentence on its effect, and its unit."""

    label: str
    effect: str
    unit: str


_STEPS = "改动后送审的稿件按新的次数，已送审的不变。"

SETTINGS = {
    "content.steps_normal": Said("一般稿件的审核次数", f"1 为初审，2 加复审，3 加终审。{_STEPS}", "次"),
    "content.steps_important": Said("重要稿件的审核次数", f"1 为初审，2 加复审，3 加终审。{_STEPS}", "次"),
    "content.steps_sensitive": Said("敏感稿件的审核次数", f"1 为初审，2 加复审，3 加终审。{_STEPS}", "次"),
    "identity.staff_idle_minutes": Said(
        "登录闲置时间", "工作人员这么久没有操作，就要重新登录。改短后，已闲置更久的登录立即失效。", "分钟"
    ),
    "identity.invitation_hours": Said(
        "邀请链接有效期", "新生成的邀请和密码重置链接多久内有效。已生成的链接不受影响。", "小时"
    ),
    "identity.audit_export_rows": Said(
        "审计导出行数上限", "一次最多导出多少行审计记录，超出时只导出最新的。", "行"
    ),
    "visits.slot_horizon_days": Said(
        "提前生成场次的天数", "系统按开放时间提前生成多少天的场次。改小后，已生成的场次和预约保持不变。", "天"
    ),
}
