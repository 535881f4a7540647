"""What purposes of consent, and requests about personal data, are called."""

PURPOSES = {
    "privacy_policy": "个人信息处理规则",
    "identity_data": "实名预约处理证件信息",
    "location": "使用位置信息",
    "service_messages": "接收服务通知",
    "objection_identity": "异议提供姓名和手机号",
}
REQUESTS = {
    "access": "查阅",
    "copy": "复制",
    "correction": "更正、补充",
    "erasure": "删除",
    "objection": "限制或拒绝处理",
    "guardian": "监护人请求（未成年人）",
    "complaint": "投诉、解释说明",
    "self_erasure": "本人在小程序注销",
}
CHANNELS = {
    "counter": "窗口",
    "letter": "信函",
    "phone": "电话",
    "email": "邮件",
    "transferred": "其他机关转办",
}
STATES = {"open": "办理中", "done": "已办结", "refused": "不予办理"}
