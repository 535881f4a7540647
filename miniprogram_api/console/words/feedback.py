"""What the things of feedback are called."""

KINDS = {"suggestion": "建议", "question": "问题", "correction": "纠错", "praise": "表扬"}
SUBJECTS = {"article": "文章", "site": "示范点"}
STATES = {
    "checking": ("检测中", "quiet"),
    "held": ("待审核", "warning"),
    "open": ("待回复", "warning"),
    "answered": ("已回复", "good"),
    "closed": ("未采纳", "quiet"),
    "refused": ("未通过审核", "danger"),
    "dropped": ("市民已注销", "quiet"),
}
HELD = {
    "risky": "内容检测认为有风险",
    "review": "内容检测建议人工判断",
    "unchecked": "内容检测无法判断",
    "service_down": "内容检测服务不可用，系统会自动重试",
}
FINDINGS = {"pass": "没有发现问题", "review": "建议人工判断", "risky": "认为有风险"}
PICTURES = {
    "waiting": ("检测中，市民暂时看不到", "quiet"),
    "held": ("待审核，市民看不到", "warning"),
    "shown": ("市民可以看到", "good"),
    "hidden": ("已隐藏", "danger"),
}
# What the list is narrowed to.
WAITS = {
    "staff": "待处理",
    "person": "待审核",
    "answer": "待回复",
    "answered": "已回复",
    "ended": "未采纳、未通过",
}
