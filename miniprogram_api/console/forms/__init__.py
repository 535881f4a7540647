"""Forms of the console: what each field asks, and every refusal in words that say what to do."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import Field, Form, RadioField, SelectMultipleField
from wtforms.i18n import get_translations
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange, Optional

from miniprogram_api.console.words import say_hours
from miniprogram_api.kernel import clock
from miniprogram_api.kernel.errors import AppError, Invalid, TooMany
from miniprogram_api.web import messages
from miniprogram_api.web.schemas import without_control

_LONG_WAIT_S = 120
_YEARS = range(2000, 2101)  # beyond them an instant may not exist in every zone


# What no field says in words of its own, so that what is left to the library is not English.
_OWN_WORDS = {
    "Not a valid choice.": "请从列出的选项里选择。",
    "'%(value)s' is not a valid choice for this field.": "请从列出的选项里选择。",
    "'%(value)s' are not valid choices for this field.": "请从列出的选项里选择。",
    "This field is required.": "请填写这一项。",
    "File does not have an approved extension: {extensions}": "这种文件不能上传。",
    "File does not have an approved extension.": "这种文件不能上传。",
}


class _Words:
    """The library's messages: ours, else those of its Chinese catalogue, else that something is not right."""

    def __init__(self) -> None:
        self._catalogue = get_translations(("zh",))

    def gettext(self, text: str) -> str:
        found = _OWN_WORDS.get(text) or str(self._catalogue.gettext(text))
        return _NOT_RIGHT if found == text and text.endswith(".") else found  # labels go through here too

    def ngettext(self, one: str, several: str, number: int) -> str:
        found = _OWN_WORDS.get(several) or str(self._catalogue.ngettext(one, several, number))
        return _NOT_RIGHT if found in (one, several) else found


_NOT_RIGHT = "这一项填写得不对，请改正。"
_WORDS = _Words()


def _typed(given: Any) -> MultiDict[str, Any]:
    """The answers of a form as a person types them; files stay as they are."""
    return MultiDict(
        (name, without_control(value) if isinstance(value, str) else value)
        for name, value in MultiDict(given).items(multi=True)
    )


class ConsoleForm(FlaskForm):  # type: ignore[misc]  # the library has no types
    """Base of every form. The blueprint checks the token, so that a form is only about its fields."""

    class Meta:
        csrf = False

        def get_translations(self, form: Any) -> _Words:
            """What the library says by itself is said in Chinese."""
            return _WORDS

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """No field has to do with characters that nobody types and PostgreSQL does not keep."""
            given = FlaskForm.Meta.wrap_formdata(self, form, formdata)
            return given if given is None else _typed(given)

    def refuse(self, error: AppError) -> None:
        """Say why a command refused: at the field that it names, else above the form."""
        if not isinstance(error, Invalid) or not error.fields:
            self.form_errors.append(say_refusal(error))
            return
        for fault in error.fields:
            text = messages.text(fault.code, fault.params, english=False)
            field = self._named(fault.field)
            if field is None:
                self.form_errors.append(text)
            else:
                field.errors = [*field.errors, text]

    def _named(self, path: str) -> Field | None:
        """`party.adults` is the field of that name, `party_adults` or `adults`."""
        for name in (path, path.replace(".", "_"), path.rpartition(".")[2]):
            if name in self._fields:
                found: Field = self._fields[name]
                return found
        return None

    @property
    def faults(self) -> Iterator[tuple[str | None, str]]:
        """Everything that is wrong, each with the id of its field's input, in the order of the page."""
        yield from ((None, text) for text in self.form_errors)
        yield from _faults_of(self)


def say_refusal(error: AppError) -> str:
    """Why something was refused; of a long wait also until when."""
    text = messages.text(error.code, error.params, english=False)
    if isinstance(error, TooMany) and error.retry_after_s >= _LONG_WAIT_S:
        return f"{text}{say_hours(clock.now() + timedelta(seconds=error.retry_after_s))} 以后可以再试。"
    return text


def _faults_of(form: Form) -> Iterator[tuple[str, str]]:
    for field in form:
        if isinstance(field.errors, dict) or any(not isinstance(text, str) for text in field.errors):
            entries = getattr(field, "entries", None)
            for inner in entries if entries is not None else [field]:
                yield from _faults_of(inner.form)
        else:
            yield from ((first_input(field), text) for text in field.errors)


def first_input(field: Any) -> str:
    """The id that a link to a field goes to: of several choices the first."""
    if isinstance(field, RadioField | SelectMultipleField):
        return f"{field.id}-0"
    return str(field.id)


def required(what: str) -> InputRequired:
    """The field has to be filled in; `what` says with what, as 请填写…"""
    return InputRequired(message=what)


def chosen(what: str) -> DataRequired:
    """Something has to be chosen or ticked."""
    return DataRequired(message=what)


def optional() -> Optional:
    """An empty field is no mistake, and nothing else is asked of it."""
    return Optional()


def length(least: int, most: int) -> Length:
    """A text of so many characters."""
    told = f"请控制在 {most} 个字以内。" if least <= 1 else f"请填写 {least} 至 {most} 个字。"
    return Length(min=least, max=most, message=told)


def between(least: int, most: int) -> NumberRange:
    """A whole number of a range."""
    return NumberRange(min=least, max=most, message=f"请填写 {least} 至 {most} 之间的整数。")


def day_or(text: str | None, fallback: date) -> date:
    """The day of a query, or another where it says none."""
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return fallback
    return day if day.year in _YEARS else fallback
