"""Forms of who writes: beginning an article, bringing one in, and pictures of the library."""

from flask_wtf.file import FileField, FileRequired
from wtforms import RadioField, SelectField, StringField, TextAreaField

from content.rendering.markdown import MOST_MARKDOWN
from content.rules.drafts import MOST_TITLE
from miniprogram_api.console.forms import ConsoleForm, between, chosen, length, optional, required
from miniprogram_api.console.forms.fields import PlainText, WholeField, picks
from miniprogram_api.console.words.content import KINDS
from miniprogram_api.kernel.files import Box

_KIND_HINTS = {
    "knowledge": "知识：讲清一件低碳的事",
    "news": "资讯：新近发生的事",
    "technology": "技术：一项技术怎么用",
}
LICENCES = ("本单位拍摄或绘制", "已获作者授权", "公共领域（CC0）", "知识共享 署名（CC BY）", "其他，见来源")
_ALT = "请用一句话说明图里有什么。"


class ArticleForm(ConsoleForm):
    """What an article begins with; everything else is written in the editor."""

    title = StringField("标题", [optional(), length(1, MOST_TITLE)], filters=[PlainText()])
    kind = RadioField("栏目", [chosen("请选择栏目。")], choices=picks([(k, _KIND_HINTS[k]) for k in KINDS]))
    place = SelectField("归属", [chosen("请选择这篇文章归哪里管理。")])

    def offer(self, places: list[tuple[str, str]]) -> None:
        """For which desks somebody may write."""
        self.place.choices = picks(places)


class MarkdownForm(ConsoleForm):
    """A text in Markdown that takes the place of what was written."""

    text = TextAreaField(
        "Markdown 正文", [chosen("请粘贴 Markdown 正文。"), length(1, MOST_MARKDOWN)], filters=[PlainText()]
    )


class _AssetFacts(ConsoleForm):
    """What must be known of a picture."""

    title = StringField("标题", [optional(), length(1, 60)], filters=[PlainText()])
    alt = StringField("替代文字", [chosen(_ALT), length(1, 120)], filters=[PlainText()])
    source = StringField("来源", [optional(), length(1, 120)], filters=[PlainText()])
    licence = SelectField("版权", choices=picks([(each, each) for each in LICENCES]), default=LICENCES[0])

    @property
    def facts(self) -> dict[str, str]:
        """The answers, as the library keeps them."""
        return {name: self[name].data or "" for name in ("title", "alt", "source", "licence")}


class AssetForm(_AssetFacts):
    """A picture for the library."""

    file = FileField("图片文件", [FileRequired("请选择一张图片。")])
    place = SelectField("归属", [chosen("请选择这张图片归哪里管理。")])

    def offer(self, places: list[tuple[str, str]]) -> None:
        """For which desks somebody may keep pictures."""
        self.place.choices = picks(places)


class AssetFactsForm(_AssetFacts):
    """What is said of a picture that is there."""

    def offer_licence(self, kept: str) -> None:
        """Offer what is kept too, where it is none of the usual ones."""
        names = LICENCES if kept in LICENCES or not kept else (*LICENCES, kept)
        self.licence.choices = picks([(each, each) for each in names])


class CropForm(ConsoleForm):
    """The part of a picture that stays, in pixels of the picture."""

    left = WholeField("左边", [required("请填写左边从哪里开始。"), between(0, 10_000)])
    top = WholeField("上边", [required("请填写上边从哪里开始。"), between(0, 10_000)])
    width = WholeField("宽", [required("请填写宽度。"), between(1, 10_000)])
    height = WholeField("高", [required("请填写高度。"), between(1, 10_000)])

    @property
    def box(self) -> Box:
        """The answers, as the file store takes them."""
        return Box(**{name: self[name].data for name in ("left", "top", "width", "height")})


class AssetSearch(ConsoleForm):
    """What somebody looks for in the library; a form of the address, which takes what it understands."""

    q = StringField("标题或替代文字", [optional(), length(1, 60)], filters=[PlainText()])
    which = SelectField(
        "范围",
        [optional()],
        choices=picks([("", "全部图片"), ("unused", "没有使用的"), ("mine", "我上传的")]),
    )
