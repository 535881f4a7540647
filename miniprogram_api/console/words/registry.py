"""What the exchange with the registry is called: differences, dead letters, subscriptions, objections."""

FRESHNESS = {
    "fresh": ("正常", "good"),
    "degraded": ("超过 1 小时没有更新", "warning"),
    "alarming": ("超过 24 小时没有更新", "danger"),
    "silent": ("超过 7 天没有更新，已停止生成新场次", "danger"),
}
DIFFERENCES = {
    "match": "一致",
    "behind": "本系统版本较旧",
    "ahead": "本系统版本较新",
    "digest_mismatch": "版本相同、内容不同",
    "missing_here": "本系统没有",
    "unknown_there": "登记系统已没有",
    "lifecycle_illegal": "状态与示范点不符",
    "bookings_on_closed": "已退出但仍有预约",
}
OUTCOMES = {
    "not_repairable": "须人工处理",
    "not_tried": "尚未尝试更新",
    "unavailable": "登记系统没有应答",
    "not_known_there": "登记系统没有这个项目",
    "no_record": "登记系统没有给出资料",
    "site_suspended": "示范点已暂停开放，资料保留",
    "site_not_open": "示范点本来没有开放，资料保留",
    "applied": "已更新",
    "recalled": "已召回",
    "removed": "已移除",
    "duplicate": "与已有的相同",
    "stale": "比已有的旧",
    "dead": "未能接收",
    "frozen": "项目被未能接收的记录冻结",
    "conflict": "内容冲突",
}
DECISIONS = {"accepted": "已按登记系统处理", "kept": "维持现状"}
DEAD_KINDS = {
    "schema_invalid": "格式不符合约定",
    "digest_mismatch": "摘要与内容不符",
    "conflict": "同一版本、内容不同",
    "processing": "处理时出错",
}
DEAD_STATES = {
    "retrying": ("自动重试中", "warning"),
    "open": ("待处理", "danger"),
    "replayed": ("重新处理成功", "good"),
    "discarded": ("已丢弃", "quiet"),
    "cleared": ("已被后来的记录替代", "good"),
}
SUBSCRIPTION_STATES = {
    "pending": ("待批准", "warning"),
    "active": ("正在发送", "good"),
    "disabled": ("已停用", "danger"),
    "ended": ("对接方已结束", "quiet"),
}
EVENT_TYPES = {
    "engagement.daily.updated": "每日汇总更新",
    "engagement.site.opened": "示范点开放",
    "engagement.site.suspended": "示范点暂停",
    "engagement.site.closed": "示范点关闭",
    "engagement.withdrawal.completed": "退出处理完成",
    "engagement.content.published": "内容发布",
    "engagement.content.withdrawn": "内容撤回",
    "engagement.correction.requested": "纠错提交",
}
SCOPES = {
    "projects.read": "核对项目版本、读取对账报告",
    "corrections.write": "答复纠错",
    "events.write": "通知变更、管理事件订阅",
    "engagement.read": "读取统计和已发布内容",
    "reconciliation.write": "确认对账报告",
}
KEY_KINDS = {"secret": "共享密钥", "public_key": "公钥", "hmac": "请求签名密钥"}
OBJECTION_STATES = {
    "checking": "内容审核中",
    "held": "待人工审核",
    "refused": "未通过内容审核",
    "queued": "待送达登记系统",
    "delivered": "已送达登记系统",
    "returned": "登记系统未接收，待处理",
    "accepted": "异议成立",
    "rejected": "异议不成立",
    "answered": "已答复",
    "dropped": "提出人已撤回",
}
SENDING_STATES = {
    "pending": ("等待发送", "warning"),
    "running": ("正在发送", "warning"),
    "done": ("已送达", "good"),
    "delivered": ("已送达", "good"),
    "failed": ("发送失败", "danger"),
    "dropped": ("已放弃", "quiet"),
}
HELD = {
    "review": "内容检测建议人工判断",
    "unchecked": "内容检测无法判断",
    "service_down": "内容检测服务不可用",
}
