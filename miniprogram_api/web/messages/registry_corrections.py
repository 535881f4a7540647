"""Texts about corrections of registry data."""

MESSAGES = {
    "registry.no_project_held": (
        "核心登记系统没有这个示范点的登记信息，无法申请更正。",
        "The registry has given nothing about this site that could be corrected.",
    ),
    "registry.correction_under_way": (
        "这项信息已有一份更正申请在处理中。",
        "A correction of this field is under way already.",
    ),
    "registry.field_not_theirs": (
        "这项信息不由核心登记系统维护，请直接修改。",
        "The registry does not own this field; change it here.",
    ),
}
