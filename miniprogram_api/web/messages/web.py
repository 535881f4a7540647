"""Texts of what can go wrong with any request."""

MESSAGES = {
    "request.malformed": ("请求内容无法读取，请检查格式。", "The request cannot be read; check its format."),
    "request.invalid": ("提交的内容有误，请检查标出的项目。", "Some fields are wrong; check those named."),
    "request.not_found": ("没有找到您要的内容。", "There is no such thing here."),
    "request.gone": ("您要的内容已经不再提供。", "This is no longer offered."),
    "request.conflict": ("当前状态下不能这样操作。", "The present state does not allow this."),
    "request.method_not_allowed": ("这个地址不支持这种操作。", "This address does not support this method."),
    "request.too_large": ("提交的内容太大。", "The request is too large."),
    "request.too_many": (
        "操作太频繁，请 {retry_after_s} 秒后再试。",
        "Too many requests; try again in {retry_after_s} seconds.",
    ),
    "request.unavailable": ("系统繁忙，请稍后再试。", "The service is busy; try again shortly."),
    "request.precondition_required": (
        "缺少 If-Match：请带上所修改对象的 ETag。",
        "If-Match is missing: send the ETag of what is changed.",
    ),
    "request.precondition_failed": (
        "内容已被更改，请重新读取后再修改。",
        "It was changed meanwhile; read it again first.",
    ),
    "request.unsupported": ("请求头不受支持。", "The request's headers are not supported."),
    "console.form_refused": ("没有完成：{text}", "Not done: {text}"),
    "console.page_expired": (
        "页面停留太久或在别处重新登录过，正在重新连接。",
        "The page's token is of a former session; fetch another.",
    ),
    "storage.full": (
        "存储空间不足，您的操作没有保存，请稍后再试。",
        "Storage is full; nothing was saved. Try again later.",
    ),
    "server.error": ("系统出了点问题，我们会尽快处理。", "Something went wrong on our side."),
    "auth.unauthenticated": ("请先登录。", "Sign in first."),
    "auth.forbidden": ("您没有权限进行这项操作。", "You are not allowed to do this."),
    "field.required": ("必填。", "Required."),
    "field.unknown": ("不认识这个字段。", "Unknown field."),
    "field.invalid": ("内容不正确。", "Not valid."),
    "field.type": ("类型不正确。", "Wrong type."),
    "field.range": ("超出允许范围。", "Out of range."),
    "field.length": ("长度不符合要求。", "Wrong length."),
    "field.choice": ("不在可选范围内。", "Not one of the choices."),
    "field.null": ("不能为空。", "May not be null."),
    "field.characters": ("含有不允许的字符。", "Holds characters that are not allowed."),
    "idempotency.missing": (
        "请求缺少 Idempotency-Key，或其格式不正确（1 至 64 个可打印字符）。",
        "The Idempotency-Key header is missing or not 1 to 64 printable ASCII characters.",
    ),
    "idempotency.reused": (
        "这个 Idempotency-Key 已用于另一个请求。",
        "This Idempotency-Key was used for another request.",
    ),
    "idempotency.in_flight": ("相同的请求正在处理，请稍后。", "The same request is still being processed."),
}
