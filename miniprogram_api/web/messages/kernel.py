"""Texts of what the mechanisms themselves refuse: cursors and uploaded files."""

MESSAGES = {
    "request.cursor": (
        "翻页标记无效，请从第一页重新开始。",
        "The cursor is not valid; start from the first page.",
    ),
    "feed.cursor_expired": (
        "数据流已重新开始，请从头读取。",
        "The feed was begun anew; read it from its start.",
    ),
    "files.rejected": (
        "这个文件不能使用：请上传 10 MB 以内、4000 万像素以内的 JPEG、PNG 或 WebP 图片。",
        "This file cannot be used: send a JPEG, PNG or WebP picture of at most 10 MB and 40 megapixels.",
    ),
    "files.not_found": ("没有找到这个文件。", "There is no such file."),
}
