"""What each setting that may change at run time is called, what it does, and in what it is counted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """A number in words: its name, a sentence on its effect, and its unit."""

    label: str
    effect: str
    unit: str


SETTINGS = {
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

# The numbers of the booking rules that the city sets for all; a site may state any of them anew.
POLICY = {
    "window_days": Said("提前开放预约", "参观日之前多少天开放预约。", "天"),
    "notice_minutes": Said("提前截止预约", "场次开始前多少分钟停止预约。", "分钟"),
    "party_max": Said("每次最多人数", "一次预约最多带几个人，包括本人。", "人"),
    "children_per_adult": Said("每位成人带儿童", "每位成人最多带几名儿童；不填表示不限。", "名"),
    "visits_limit": Said("参观次数上限", "下面的天数内，每人在同一示范点最多参观几次；不填表示不限。", "次"),
    "visits_limit_days": Said("次数统计天数", "参观次数按最近多少天统计。", "天"),
    "cancel_free_days_before": Said("免费取消提前", "参观日之前多少天的晚上之前，取消不计入爽约记录。", "天"),
    "cancel_last_minutes_before": Said("最晚取消", "场次开始前多少分钟起不能自行取消；0 为不限。", "分钟"),
    "ban_days": Said("暂停预约天数", "爽约记录达到次数后，暂停预约多少天。", "天"),
    "entry_before_minutes": Said("提前入场", "场次开始前多少分钟可以入场。", "分钟"),
    "entry_after_minutes": Said("最晚入场", "场次开始后多少分钟停止入场；不填表示到场次结束。", "分钟"),
    "no_show_grace_minutes": Said("爽约宽限", "停止入场后再过多少分钟，才记为爽约。", "分钟"),
}
