"""What members are asked to agree to, purpose by purpose, word for word.

A published version never changes, since consents point to it by its digest: new words are a new version below
the former ones, and members are asked again.
"""

import hashlib
from dataclasses import dataclass

from miniprogram_api.identity.models import ConsentPurpose


@dataclass(frozen=True, slots=True)
class ConsentText:
    """One version of what is shown before a member decides on a purpose."""

    purpose: ConsentPurpose
    version: str
    title: str
    body: str

    @property
    def sha256(self) -> str:
        """The digest of the words as shown: title, a line break, body."""
        return hashlib.sha256(f"{self.title}\n{self.body}".encode()).hexdigest()

    @property
    def required(self) -> bool:
        """Whether the service cannot be used without; every other purpose may be declined at no loss."""
        return self.purpose is ConsentPurpose.PRIVACY_POLICY


_PUBLISHED = (
    ConsentText(
        ConsentPurpose.PRIVACY_POLICY,
        "2026-11-01",
        "个人信息处理规则",
        "我们为向您提供示范点参观预约服务处理以下信息：微信向我们提供的用户标识（用于登录）；您填写的昵称；"
        "您预约时填写的联系人姓名和手机号（用于入场核对和变更通知，参观结束 90 天后删除）；"
        "您的预约和入场记录。"
        "手机号、联系人姓名和用户标识加密保存，工作人员默认只能看到打码后的内容，每次查看完整内容都会留下记录。"
        "您可以随时在“我的”页面查看、导出、更正自己的信息，撤回同意，或注销并清除全部个人信息。"
        "不同意本规则，您仍可浏览示范点和低碳知识，但无法预约。",
    ),
    ConsentText(
        ConsentPurpose.IDENTITY_DATA,
        "2026-11-01",
        "实名预约时处理身份证件信息",
        "少数示范点依规定实行实名参观。只有预约这些示范点时，我们才会请您填写参观人的姓名和证件号码，仅用于入场核验，"
        "加密保存，参观结束 30 天后自动删除，不用于其他目的，也不向其他单位提供。"
        "证件号码属于敏感个人信息，需要您单独同意。"
        "参观人不满十四周岁的，请由监护人填写并同意。不同意不影响预约不实行实名制的示范点。",
    ),
    ConsentText(
        ConsentPurpose.LOCATION,
        "2026-11-01",
        "使用位置信息",
        "您按距离查找示范点时，我们用您当次提供的位置计算距离，不保存；您在示范点打卡时，我们用位置判断是否在现场，"
        "判断完成后 24 小时内删除精确位置。位置属于敏感个人信息，需要您单独同意。"
        "不同意时，您仍可按区域查找示范点，或用示范点的二维码打卡。",
    ),
    ConsentText(
        ConsentPurpose.SERVICE_MESSAGES,
        "2026-11-01",
        "接收服务通知",
        "我们通过微信订阅消息告知您预约成功、场次变更或取消、参观提醒。每条消息都需要您在微信中另行授权，不会用于宣传推广。"
        "不同意时，您仍可在小程序的“消息”中看到全部通知。",
    ),
    ConsentText(
        ConsentPurpose.OBJECTION_IDENTITY,
        "2026-11-01",
        "提出公示异议时提供姓名和手机号",
        "对公示项目提出异议须实名。您提交异议时填写的姓名、手机号、异议内容和图片，将提供给负责示范区项目登记的"
        "核心登记系统，仅用于核实异议和向您答复；本小程序不向社会公开，也不提供给其他单位。"
        "这些信息加密保存，异议办结两年后删除；审核异议内容的工作人员看不到您的姓名和手机号。"
        "这是一项需要您单独同意的个人信息提供；异议送达前您可以撤回同意，我们将不再送出。"
        "不同意时，您仍可查看公示和使用其他全部功能。",
    ),
)

_BY_VERSION = {(text.purpose, text.version): text for text in _PUBLISHED}
_CURRENT = {text.purpose: text for text in _PUBLISHED}


def current_texts() -> list[ConsentText]:
    """The text in force for each purpose, in the order in which members are asked."""
    return [_CURRENT[purpose] for purpose in ConsentPurpose]


def current_text(purpose: ConsentPurpose) -> ConsentText:
    return _CURRENT[purpose]


def find_text(purpose: ConsentPurpose, version: str) -> ConsentText | None:
    """A published text, current or former."""
    return _BY_VERSION.get((purpose, version))
