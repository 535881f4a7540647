"""Texts about reports of comparisons with the registry."""

MESSAGES = {
    "registry.difference_settled": (
        "这处差异已经处理过，请刷新查看结果。",
        "The difference is settled already; reload to see how.",
    ),
    "registry.away": (
        "登记系统暂时没有应答，什么都没有改变，请稍后再试。",
        "The registry does not answer; nothing was changed. Try again later.",
    ),
    "registry.objection_unsaid": (
        "提出异议时请说明理由（comment）。",
        "An objection says in comment what is wrong.",
    ),
}
