"""Texts about records of the registry that could not be taken over."""

MESSAGES = {
    "registry.dead_letter_settled": ("这条记录已经处理过了。", "This record has been settled already."),
    "registry.payload_not_kept": (
        "这条记录过大，未保存内容，无法重新处理。",
        "The record was too large to keep; it cannot be replayed.",
    ),
    "registry.discard_not_asked": ("还没有人申请丢弃这条记录。", "Nobody has asked to discard this record."),
    "registry.second_person_needed": (
        "丢弃须由另一位工作人员确认。",
        "Another person has to confirm the discard.",
    ),
}
