"""What went wrong between us and another system, for people; what the program kept stands beside it."""

import re
from typing import Any

from flask import Flask
from markupsafe import Markup, escape

# On the way into the official account.
OFFICIAL = {
    "no_cover": "文章没有封面，或者封面文件读不出来",
    "too_long": "正文超过公众号的篇幅上限（两万字符，含格式）",
    "not_shown": "这一版已不再展示（已撤回、到期或被新版本替换），没有继续发送",
    "unavailable": "暂时连接不上微信",
    "cover_unknown": "公众号里没有这张封面，正在重新上传",
    "no_answer": "微信没有答复，不确定是否送达",
    "abandoned": "发送时程序中断，不确定是否送达",
    "no_result": "三天没有收到微信的发布结果",
    "no_permission": "公众号没有发布权限，请在公众号后台手动发布",
    "original_check_failed": "微信的原创校验没有通过",
    "publishing_failed": "微信发布失败",
    "audit_refused": "微信审核没有通过",
    "deleted_there": "发布后在公众号里被删除",
    "banned_there": "发布后被微信封禁",
}
_WORDS = OFFICIAL | {
    "connection": "连接不上对方的服务器",
    "timeout": "对方没有在规定时间内答复",
    "malformed": "对方的答复不符合约定的格式",
    "subscription_stopped": "订阅已停止，没有再发送",
    "no drop yet": "还没有收到数据文件",
    "drop folder unreadable": "读不到存放数据文件的文件夹",
    "out folder not writable": "不能写入存放数据文件的文件夹",
    "manifest": "数据文件的清单不符合约定",
    "the snapshot has no end": "对方的全量数据没有结束标记",
    "a picture cannot be read": "异议的图片读不出来",
    "CursorExpired": "对方已不保留这么早的变更，正改用全量数据",
}
_BEGINNINGS = {
    "errcode_": "公众号没有接受这篇文章",
    "refused_": "接收地址不在允许的范围内，没有发送",
    "token": "没有拿到对方系统的访问令牌",
    "private key": "本系统用来登录对方系统的密钥读不出来",
    "address": "对方系统的地址不在允许的范围内",
    "checksum": "数据文件的校验和不符",
    "size of": "数据文件的大小不符",
    "wechat": "内容检测服务没有正常答复",
}
_STATUSES = {
    "400": "对方认为内容不符合约定",
    "401": "对方不认可本系统的凭证",
    "403": "对方不允许这项操作",
    "404": "对方没有这个地址或项目",
    "409": "与对方已有的记录冲突",
    "410": "对方已不再接收",
    "413": "对方认为内容太大",
    "422": "对方认为内容不符合要求",
    "429": "对方要求稍后再发",
}
_RULES = {
    "required": "缺少必填的内容",
    "additionalProperties": "多出约定以外的内容",
    "type": "内容的类型不对",
    "enum": "取值不在约定的范围内",
    "const": "取值不在约定的范围内",
    "pattern": "格式不对",
    "format": "格式不对",
    "minimum": "数值超出范围",
    "maximum": "数值超出范围",
    "minLength": "文字太短",
    "maxLength": "文字太长",
    "size": "记录太大",
    "depth": "记录的层次太多",
    "digest": "摘要与内容不符",
    "version": "版本号已有，内容却不同",
}
_STATUS = re.compile(r"[1-5]\d\d")


def register_failures(app: Flask) -> None:
    """Give templates the words."""
    app.jinja_env.filters |= {"failure": show_failure, "fault": show_fault}


def say_failure(kept: Any) -> str:
    """Why another system could not be reached, or said no."""
    text = str(kept)
    if text in _WORDS:
        return _WORDS[text]
    for beginning, said in _BEGINNINGS.items():
        if text.startswith(beginning):
            return said
    status = text[:3] if _STATUS.fullmatch(text[:3]) and not text[3:4].isalnum() else ""
    if status.startswith("2"):
        return "对方已收下"
    if status.startswith("5"):
        return "对方的系统出了问题"
    return _STATUSES.get(status, "对方没有接受" if status else "没有成功，原因见技术信息")


def say_fault(detail: str) -> str:
    """What is wrong with a record that could not be taken over."""
    for word in reversed(re.findall(r"[A-Za-z]+", detail)):
        if word in _RULES:
            return _RULES[word]
    return "处理时出错"


def show_failure(kept: Any) -> Markup:
    """The words, and what the program kept, marked as such."""
    return _beside(say_failure(kept), kept)


def show_fault(detail: str) -> Markup:
    """The words, and the place and rule, marked as such."""
    return _beside(say_fault(detail), detail)


def _beside(said: str, kept: Any) -> Markup:
    return Markup('{}<span class="hint">（技术信息：<code>{}</code>）</span>').format(said, escape(str(kept)))
