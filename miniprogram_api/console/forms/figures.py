"""The form of the figures: of which period."""

from miniprogram_api.console.forms import ConsoleForm, optional
from miniprogram_api.console.forms.fields import DayField


class PeriodForm(ConsoleForm):
    """From which day to which; it stands in the address."""

    first = DayField("从", [optional()], name="from")
    last = DayField("到", [optional()], name="to")
