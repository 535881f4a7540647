"""Texts of what can go wrong at the desk of content."""

MESSAGES = {
    "content.article_not_found": ("没有找到这篇文章。", "There is no such article."),
    "content.revision_not_found": ("没有找到这个版本。", "There is no such revision."),
    "content.topic_not_found": ("没有找到这个专题。", "There is no such topic."),
    "content.asset_not_found": ("没有找到这张图片。", "There is no such picture."),
    "content.place_not_found": ("您不能为这个单位或示范点写文章。", "You do not write for this place."),
    "content.word_not_found": ("词库里没有这个词。", "The list has no such word."),
    "content.article_withdrawn": ("这篇文章已下线。", "This article is no longer shown."),
    "content.draft_refused": ("有内容放不下或无法保存，请按提示修改。", "Some of it cannot be kept."),
    "content.not_ready": ("还不能提交审核，请先处理下列事项。", "It cannot be put forward for review yet."),
    "content.note_missing": ("退回时请写明理由，作者会看到。", "Say why you return it."),
    "content.instant_refused": ("时间不对，请重新选择。", "This time cannot be chosen."),
    "content.version_conflict": (
        "保存期间有人更新了这篇文章（最新为第 {number} 版）。您写的内容没有丢，请对照后再保存。",
        "Somebody saved meanwhile; the latest revision is {number}.",
    ),
    "content.text_changed": (
        "文章内容已变化，请刷新后重新审阅。",
        "The text is no longer the one you looked at.",
    ),
    "content.already_submitted": ("这一版已提交审核。", "This text is under review or approved."),
    "content.nothing_new": ("与已发布的内容相同，无需再审。", "What is shown says the same."),
    "content.not_under_review": ("当前没有待审的内容。", "Nothing waits for a decision."),
    "content.step_taken": ("这一步已有人处理，请刷新查看。", "Somebody has decided about this step."),
    "content.own_text": (
        "您参与了这篇文章的撰写或提交，不能审核，请由他人审核。",
        "You had a part in this text; somebody else reviews it.",
    ),
    "content.second_step": (
        "您已审过这一稿的另一个环节，这一步须由他人审核。",
        "You took another step of this text; somebody else takes this one.",
    ),
    "content.cannot_undo": (
        "没有可以撤销的审核决定：下一步已处理，或文章已排期、已发布。",
        "There is no decision of yours that can still be taken back.",
    ),
    "content.not_approved": ("还没有审核通过，不能发布。", "Review has not passed it."),
    "content.plan_stands": (
        "已定于 {publish_at} 发布。请先取消排期。",
        "It is planned for {publish_at}; take it off the plan first.",
    ),
    "content.no_plan": ("这篇文章没有排期。", "Nothing is planned."),
    "content.not_live": ("这篇文章没有在线上展示。", "The article is not shown."),
    "content.already_published": (
        "发布过的文章不能删除，可以撤回。",
        "An article that was shown is retracted, not deleted.",
    ),
    "content.asset_in_use": ("图片正在被文章使用，不能删除。", "Articles show this picture."),
    "content.asset_in_review": (
        "这张图片用在待审、已通过审核或已发布的文章里，替代文字和来源不能直接改。"
        "请上传一张新的，并在文章里换上。",
        "An article with it is under review, approved or live: upload another picture and use that one.",
    ),
    "content.topic_name_taken": ("已有同名专题。", "Another topic has this name."),
    "content.word_listed": ("词库里已有这个词。", "The word is on the list."),
    "content.word_not_marked": ("文中没有这个待处理的词。", "The text has no such open mark."),
    # What is wrong with a field, or missing for submission.
    "content.too_long": ("最多 {most} 个字。", "At most {most} characters."),
    "content.too_many": ("最多 {most} 项。", "At most {most}."),
    "content.not_an_id": ("编号不正确。", "This is no identifier."),
    "content.unreadable": ("含有无法保存的字符。", "It holds characters that cannot be kept."),
    "content.title_missing": ("请填写标题。", "Give it a title."),
    "content.summary_missing": ("请填写摘要，列表和分享时会用到。", "Give it a summary."),
    "content.cover_missing": ("请选择封面图片。", "Choose a cover."),
    "content.cover_gone": ("封面图片已从素材库移除，请重新选择。", "The cover was taken out of the library."),
    "content.cover_alt_missing": ("请为封面图片填写说明文字。", "Describe the cover in words."),
    "content.picture_gone": (
        "正文第 {block} 段的图片已从素材库移除。",
        "The picture in block {block} has left the library.",
    ),
    "content.link_broken": (
        "正文里有链接指向未公开的内容：{target}。",
        "A link leads to nothing public: {target}.",
    ),
    "content.source_url": (
        "来源网址须是以 https:// 开头的完整网址。",
        "The source's link has to be a full address that begins with https://.",
    ),
    "content.source_host": (
        "来源网址指向 {host}，不在允许的网站之内。",
        "The source's link leads to {host}, which is not an allowed site.",
    ),
    "content.topic_gone": ("所选专题已停用，请重新选择。", "A topic is no longer used."),
    "content.site_gone": ("所选示范点已不存在，请重新选择。", "A site is no longer there."),
    "content.site_not_yours": (
        "只能关联您负责的示范点。",
        "Only sites that you are responsible for can be named.",
    ),
    "content.cover_not_yours": (
        "封面图片属于其他部门，请从素材库另选一张，或自己上传。",
        "The cover belongs to another desk; choose or upload another.",
    ),
    "content.picture_not_yours": (
        "正文第 {block} 段的图片属于其他部门，请从素材库另选一张，或自己上传。",
        "The picture in block {block} belongs to another desk; choose or upload another.",
    ),
    "content.quiz_text": ("第 {question} 道题没有题干。", "Question {question} asks nothing."),
    "content.quiz_options": (
        "第 {question} 道题至少要有两个选项，每个都要填写。",
        "Question {question} needs two options, each with a text.",
    ),
    "content.quiz_right": ("第 {question} 道题没有标出正确答案。", "Question {question} has nothing right."),
    "content.reason_missing": ("请说明理由。", "Say why."),
    "content.official_not_open": (
        "这篇文章正在送往公众号或已经送达，不能再送一次。",
        "It is on its way into the official account, or there.",
    ),
    "content.word_wrong": (
        "“{word}”可能有误，建议改为“{suggestion}”；确需保留请说明理由。",
        '"{word}" may be wrong; "{suggestion}" is meant.',
    ),
    "content.word_doubtful": (
        "“{word}”可能有误，请核对；确需保留请说明理由。",
        "'{word}' may be wrong.",
    ),
    "content.word_sensitive": (
        "“{word}”在敏感词库中，请修改；确需保留请说明理由。",
        '"{word}" is a sensitive word.',
    ),
    "content.time_over": ("这个时间已经过去。", "This time is over."),
    "content.too_far_ahead": ("最多提前一年排期。", "At most a year ahead."),
    "content.pinned_too_long": ("最多置顶到一年后。", "A pin ends within a year."),
    "content.pin_not_yours": (
        "置顶的文章排在全市列表的最前面，只有负责全市的发布人员可以设置。",
        "A pin stands in the list of the whole city: who publishes for the city sets it.",
    ),
    "content.publishing_failed": (
        "发布时系统出错，会自动重试；如持续出现，请联系运维人员。",
        "Publishing failed and is tried again.",
    ),
    "content.before_publication": ("须晚于发布时间。", "It must come after the publication."),
}
