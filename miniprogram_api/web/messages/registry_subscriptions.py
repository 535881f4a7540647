"""Texts about subscriptions of partners and the log of what was sent."""

MESSAGES = {
    "registry.too_many_subscriptions": (
        "订阅数量已达上限（{most}）。",
        "There are as many subscriptions as there can be ({most}).",
    ),
    "registry.subscription_ended": ("该订阅已经终止。", "The subscription has ended."),
    "registry.nothing_to_approve": (
        "没有待审批的接收地址，或地址刚被更改，请刷新后再试。",
        "No endpoint waits for approval, or it has just changed.",
    ),
    "registry.handshake_failed": (
        "接收地址没有确认愿意接收推送，未启用。",
        "The endpoint did not confirm that it wants our events ({reason}).",
    ),
    "registry.subscription_not_active": (
        "该订阅目前未启用，不能重发。",
        "The subscription is not active; nothing is sent to it.",
    ),
    "registry.sending_under_way": ("这条消息正在投递，无需重发。", "This event is being sent anyway."),
    "registry.endpoint_refused": (
        "不能向这个地址推送：须为 https，并在公网或登记系统的网络内。",
        "Events are not sent to such an address: it must be https, and public or in the registry's networks.",
    ),
}
