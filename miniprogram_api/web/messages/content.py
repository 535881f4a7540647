"""Texts of what can go wrong with content."""

MESSAGES = {
    "content.document_refused": (
        "正文里有不能使用的内容，没有保存。请按下面的提示修改。",
        "The text holds what an article cannot hold; nothing was saved.",
    ),
    "content.document_type": ("这不是一篇正文。", "This is not a document."),
    "content.document_shape": ("第 {block} 段的内容格式不对。", "Block {block} is malformed."),
    "content.document_size": (
        "正文太大（超过 {most} KB）。请分成几篇。",
        "The text is larger than {most} KB.",
    ),
    "content.document_depth": (
        "内容嵌套得太深（超过 {most} 层）。请减少列表的层级。",
        "Nested more than {most} levels deep.",
    ),
    "content.document_blocks": ("正文超过 {most} 段。请分成几篇。", "More than {most} blocks."),
    "content.document_lines": ("正文超过 {most} 行。请分成几篇。", "More than {most} lines."),
    "content.document_characters": (
        "正文超过 {most} 字。请分成几篇。",
        "The text is longer than {most} characters.",
    ),
    "content.document_node": (
        "第 {block} 段里有不能使用的内容：{name}。请删除后再保存。",
        "Block {block} holds what cannot be used: {name}.",
    ),
    "content.document_nesting": (
        "第 {block} 段里，{name} 不能放在这个位置。",
        "In block {block}, {name} cannot stand there.",
    ),
    "content.document_mark": (
        "第 {block} 段里有不能使用的文字格式：{name}。",
        "Block {block} has a mark that cannot be used: {name}.",
    ),
    "content.document_attribute": (
        "第 {block} 段里有不能使用的属性：{name}。",
        "Block {block} has an attribute that cannot be used: {name}.",
    ),
    "content.document_value": (
        "第 {block} 段里，{name} 的值不正确。",
        "In block {block}, {name} has a wrong value.",
    ),
    "content.document_link": (
        "第 {block} 段里的链接不能使用。只能链接到 https:// 开头的网址、本平台的文章或示范点。",
        "A link in block {block} leads where none may: use https://, an article or a site.",
    ),
    "content.document_text": ("第 {block} 段里有空的文字。", "Block {block} holds an empty text."),
    "content.document_letters": (
        "第 {block} 段里有不能使用的字符（看不见的控制符）。请重新输入这一段。",
        "Block {block} holds control characters.",
    ),
    "content.document_empty_node": (
        "第 {block} 段里的 {name} 没有内容。",
        "In block {block}, {name} is empty.",
    ),
    "content.document_table": (
        "第 {block} 段的表格太大：最多 {columns} 列、{rows} 行。",
        "The table in block {block} has more than {columns} columns or {rows} rows.",
    ),
    "content.body_empty": ("正文还没有内容。", "The text is empty."),
    "content.picture_missing": (
        "第 {block} 段缺一张图片：外部图片不能直接使用，请上传。",
        "Block {block} lacks a picture: upload it.",
    ),
    "content.alt_missing": (
        "第 {block} 段的图片没有替代文字。请用一句话说明图中的内容。",
        "The picture in block {block} has no alternative text.",
    ),
    "content.table_empty": (
        "第 {block} 段的表格是空的。请填写，或者删去。",
        "The table in block {block} is empty.",
    ),
    "content.link_host": (
        "第 {block} 段的链接“{text}”指向 {host}，不在允许的网站之内。",
        'The link "{text}" in block {block} leads to {host}, which is not an allowed site.',
    ),
    "content.quiz_shape": ("知识问答的格式不对。", "The quiz is malformed."),
    "content.quiz_questions": ("最多 {most} 道题。", "At most {most} questions."),
    "content.quiz_many_options": (
        "第 {number} 道题最多 {most} 个选项。",
        "Question {number} has more than {most} options.",
    ),
    "content.quiz_right_unknown": (
        "第 {number} 道题的正确答案不在选项里。",
        "What is right in question {number} is not among its options.",
    ),
    "content.quiz_twice": ("知识问答里有重复的编号。", "An id stands twice in the quiz."),
}
