"""Forms of the publicity desk: finding articles, deciding about a text, publishing, topics, word lists."""

from datetime import datetime
from typing import Any
from uuid import UUID

from wtforms import (
    BooleanField,
    HiddenField,
    RadioField,
    SelectField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.validators import AnyOf

from miniprogram_api.console.forms import ConsoleForm, between, chosen, length, optional, required
from miniprogram_api.console.forms.fields import (
    ClockField,
    DayField,
    PlainText,
    WholeField,
    not_before,
    picks,
)
from miniprogram_api.console.words import content as words
from miniprogram_api.kernel.clock import beijing_time

NOW, LATER = "now", "later"
APPROVE, RETURN = "approve", "return"
NO_OFFICIAL, OFFICIAL_DRAFT, OFFICIAL_PUBLISH = "", "draft", "publish"
_MOST_NOTE, _MOST_BLOCKS = 1000, 2000
_FROM_THE_ARTICLE = "请回到文章页面，从词表提示那里进来。"


class ArticleFilter(ConsoleForm):
    """Which articles are listed."""

    q = StringField("标题", [optional(), length(1, 60)], filters=[PlainText()])
    state = SelectField("状态", [optional()], choices=picks([("", "全部状态"), *words.STATES.items()]))
    kind = SelectField("栏目", [optional()], choices=picks([("", "全部栏目"), *words.KINDS.items()]))
    topic = SelectField("专题", [optional()])
    place = SelectField("归属", [optional()])
    mine = BooleanField("只看我的")


class ReviewForm(ConsoleForm):
    """A decision about a text: with the hash that was read, a note, and the paragraph that it is about."""

    content_hash = HiddenField()
    step = HiddenField()
    decision = HiddenField()
    note = TextAreaField("审核意见", [optional(), length(1, _MOST_NOTE)], filters=[PlainText()])
    block = WholeField("意见针对的段落", [optional(), between(0, _MOST_BLOCKS)])

    def complete(self) -> bool:
        """Whether what the decision needs is there; a text goes back with a note only."""
        if self.decision.data not in {APPROVE, RETURN} or self.step.data not in words.STEPS:
            self.form_errors.append("请点“通过”或“退回”。")
        if self.decision.data == RETURN and not self.note.data:
            self.note.errors = ["请写明退回的意见，作者会看到。"]
        return not self.errors


class OverrideForm(ConsoleForm):
    """Why a word of a list may stand in a text."""

    list = HiddenField(validators=[AnyOf(words.WORD_LISTS, message=_FROM_THE_ARTICLE)])
    word = HiddenField(validators=[chosen(_FROM_THE_ARTICLE), length(1, 40)], filters=[PlainText()])
    reason = StringField(
        "保留的理由",
        [chosen("请写明为什么可以保留，会写入审计记录。"), length(2, 200)],
        filters=[PlainText()],
    )


class _Pinning(ConsoleForm):
    """Asks until when something is pinned, for whoever may say so."""

    pinned: BooleanField
    pinned_on: DayField

    def offer_pin(self, offered: bool) -> None:
        """Ask for a pin or not."""
        if not offered:
            del self.pinned, self.pinned_on


class PublishForm(_Pinning):
    """When a text is shown, until when it is pinned and shown, and who is told."""

    content_hash = HiddenField()
    when = RadioField(
        "什么时候发布",
        [chosen("请选择立即发布还是定时发布。")],
        choices=picks([(NOW, "立即发布"), (LATER, "定时发布")]),
    )
    on = DayField("发布日期", [optional()])
    at = ClockField("发布时间（北京时间）", [optional()])
    pinned = BooleanField("在列表里置顶")
    pinned_on = DayField("置顶到哪天", [optional()])
    expires = BooleanField("到期自动下线")
    expires_on = DayField("显示到哪天", [optional()])
    push = BooleanField("通知关注专题的市民")
    official = RadioField("公众号", choices=[], validate_choice=False, default=NO_OFFICIAL)

    def complete(self, now: datetime) -> bool:
        """Whether the times that were chosen are there and lie ahead; says so at each."""
        if self.when.data == LATER:
            self._needs(self.on, "请填写发布日期。")
            self._needs(self.at, "请填写发布时间，例如 08:00。")
            if self.publish_at is not None and self.publish_at <= now:
                self.at.errors = ["这个时间已经过去，请改晚一些，或者选择立即发布。"]
        if "pinned" in self:
            self._ends(self.pinned, self.pinned_on, "置顶", now)
        self._ends(self.expires, self.expires_on, "显示", now)
        return not self.errors

    @staticmethod
    def _needs(field: Any, told: str) -> None:
        if field.data is None and not field.errors:
            field.errors = [told]

    def _ends(self, wanted: Any, day: Any, what: str, now: datetime) -> None:
        if not wanted.data:
            return
        self._needs(day, f"请填写{what}到哪一天。")
        begins = self.publish_at or now
        end = _end_of(day.data)
        if end is not None and end <= begins and not day.errors:
            day.errors = [f"{what}的最后一天不能早于发布那天。"]

    @property
    def publish_at(self) -> datetime | None:
        """The instant of a plan; None for at once."""
        if self.when.data != LATER or self.on.data is None or self.at.data is None:
            return None
        return beijing_time(self.on.data, self.at.data)

    @property
    def pinned_until(self) -> datetime | None:
        """The exclusive end of the last pinned day."""
        return _end_of(self.pinned_on.data) if "pinned" in self and self.pinned.data else None

    @property
    def expires_at(self) -> datetime | None:
        """The exclusive end of the last day on which it is shown."""
        return _end_of(self.expires_on.data) if self.expires.data else None


def _end_of(day: Any) -> datetime | None:
    return None if day is None else beijing_time(day, 1440)


class PlacingForm(_Pinning):
    """How long what is live stays pinned, and how long it is shown."""

    pinned = BooleanField("在列表里置顶")
    pinned_on = DayField("置顶到哪天", [optional()])
    expires = BooleanField("到期自动下线")
    expires_on = DayField("显示到哪天", [optional()])

    def complete(self, now: datetime) -> bool:
        """Whether each end that was asked for is given and lies ahead."""
        for wanted, day, what in (
            (self.pinned, self.pinned_on, "置顶"),
            (self.expires, self.expires_on, "显示"),
        ):
            if not wanted or not wanted.data or day.errors:
                continue
            end = _end_of(day.data)
            if end is None:
                day.errors = [f"请填写{what}到哪一天。"]
            elif end <= now:
                day.errors = [f"{what}的最后一天不能早于今天。"]
        return not self.errors

    @property
    def pinned_until(self) -> datetime | None:
        """The exclusive end of the last pinned day."""
        return _end_of(self.pinned_on.data) if "pinned" in self and self.pinned.data else None

    @property
    def expires_at(self) -> datetime | None:
        """The exclusive end of the last day on which it is shown."""
        return _end_of(self.expires_on.data) if self.expires.data else None


class RetractForm(ConsoleForm):
    """Why something is no longer shown."""

    reason = StringField(
        "撤回的理由", [chosen("请写明撤回的理由，会写入审计记录。"), length(2, 200)], filters=[PlainText()]
    )


class TopicForm(ConsoleForm):
    """A topic as readers see it."""

    name = StringField("名称", [chosen("请填写专题名称。"), length(1, 20)], filters=[PlainText()])
    summary = StringField(
        "一句话介绍", [chosen("请用一句话介绍专题。"), length(1, 120)], filters=[PlainText()]
    )
    cover = SelectField("封面图片", [optional()])

    @property
    def cover_asset_id(self) -> UUID | None:
        """The picture that was chosen."""
        return UUID(self.cover.data) if self.cover.data else None


class WordForm(ConsoleForm):
    """A word for a list."""

    list = RadioField(
        "加入哪个词表", [chosen("请选择词表。")], choices=picks(words.WORD_LISTS.items()), default="wrong"
    )
    word = StringField("词", [chosen("请填写要提示的词。"), length(1, 40)], filters=[PlainText()])
    suggestion = StringField("建议改成", [optional(), length(1, 40)], filters=[PlainText()])
    note = StringField("说明", [optional(), length(1, 120)], filters=[PlainText()])

    def validate_suggestion(self, field: Any) -> None:
        """A wrong word is to be replaced by a right one."""
        if field.data and field.data == self.word.data:
            raise ValidationError("建议和原词相同，请改正。")


_LISTS = [("", "全部"), *words.WORD_LISTS.items()]


class WordFilter(ConsoleForm):
    """Which words are listed."""

    list = SelectField(
        "词表", [optional()], id="filter-list", choices=picks([("", "全部"), *words.WORD_LISTS.items()])
    )
    q = StringField("词", [optional(), length(1, 40)], id="filter-q", filters=[PlainText()])


class ReadingPeriodForm(ConsoleForm):
    """A period of the reading figures."""

    first = DayField("从", [required("请填写起始日期。")])
    last = DayField("到", [required("请填写结束日期。"), not_before("first", "结束日期不能早于起始日期。")])
