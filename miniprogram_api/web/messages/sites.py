"""Texts of what can go wrong with sites."""

MESSAGES = {
    "sites.not_found": ("没有找到这个示范点。", "There is no such site."),
    "sites.part_not_found": ("没有找到您要操作的内容。", "The site has no such item."),
    "sites.withdrawn": ("该示范点已停止开放。", "This site is no longer open to the public."),
    "sites.crs_required": (
        "请用 crs 说明 near 的坐标系：gcj02 或 wgs84。",
        "Say in crs which system near is given in: gcj02 or wgs84.",
    ),
    "sites.field_not_owned": (
        "这项信息由核心登记系统维护，不能在这里修改；如有误，请提交更正申请。",
        "The core registry owns this field; file a correction instead of changing it here.",
    ),
    "sites.overlay_step": (
        "当前的开放状态不允许这一步操作，请按筹备、提交、开放的顺序进行。",
        "The opening state cannot go from {before} to {after}.",
    ),
    "sites.not_an_open_base": (
        "只有已获称号并列为宣传教育基地的示范点才能对外开放。",
        "Only a titled project designated as an education base can open.",
    ),
    "sites.rules_overlap": (
        "与另一条同优先级的开放规则时间重叠（{on}）。请调整时间，或设置不同的优先级。",
        "On {on} the hours overlap those of another rule of the same priority.",
    ),
    "sites.list_full": ("数量已达上限（{most}）。", "There are as many as there can be ({most})."),
    "sites.closes_before_opens": ("结束时间必须晚于开始时间。", "It must end after it starts."),
    "sites.ends_before_it_starts": ("结束日期不能早于开始日期。", "It ends before it starts."),
    "sites.slot_too_long": ("单场时长超过了开放时长。", "A session is longer than the opening hours."),
    "sites.more_than_capacity": ("不能超过每场总人数。", "More than the session holds in all."),
    "sites.closure_too_long": ("一次最多 366 天。", "At most 366 days at once."),
    "sites.closure_long_over": ("日期已过去 30 天以上，不能再登记。", "It ended more than 30 days ago."),
    "sites.only_for_special_openings": ("只有临时开放需要填写。", "For special openings only."),
    "sites.season_day": ("请填写有效的月-日，例如 04-01。", "Give a valid month and day such as 04-01."),
    "sites.time_of_day": ("请填写 24 小时制时间，例如 09:00。", "Give a time of day such as 09:00."),
    "sites.position": ("请按“经度,纬度”填写，例如 125.3245,43.8868。", "Give longitude,latitude in degrees."),
    "sites.indicator_kind": ("这类示范点没有这项指标。", "Sites of this type have no such indicator."),
}
