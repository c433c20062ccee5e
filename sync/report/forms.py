"""Forms for when both systems are compared, and for mails of saved views."""

from typing import Any, ClassVar, cast

from django import forms

from practices.models import Membership, Practice, User
from sync.models import Cadence, CompareSchedule, ReportFormat, ReportSchedule
from sync.report.saved import views_of
from sync.report.schedules import WEEKDAYS, at

HOURS = [(hour, at(hour)) for hour in range(24)]
MONTHDAYS = [(day, str(day)) for day in range(1, 32)]
FILES = [(ReportFormat.XLSX, "Excel file"), (ReportFormat.CSV, "CSV file")]


class TimedForm(forms.ModelForm):  # type: ignore[type-arg]
    """How often, and when on the practice's clock."""

    cadence = forms.ChoiceField(label="How often", choices=Cadence.choices)
    weekday = forms.TypedChoiceField(
        label="Weekday", coerce=int, choices=list(enumerate(WEEKDAYS)), help_text="For every week."
    )
    monthday = forms.TypedChoiceField(
        label="Day of the month",
        coerce=int,
        choices=MONTHDAYS,
        help_text="For every month. Where a month is shorter, its last day.",
    )
    hour = forms.TypedChoiceField(label="At", coerce=int, choices=HOURS)

    def __init__(self, *args: Any, practice: Practice, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.practice = practice
        self.fields["hour"].help_text = f"In {practice.time_zone}."


class CompareScheduleForm(TimedForm):
    class Meta:
        model = CompareSchedule
        fields: ClassVar[list[str]] = ["cadence", "weekday", "monthday", "hour", "after_sync"]
        labels: ClassVar[dict[str, str]] = {"after_sync": "Also compare what a sync changed, right after it"}


class ReportScheduleForm(TimedForm):
    """``user`` sees the views that are offered."""

    people = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(), label="To", widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = ReportSchedule
        fields: ClassVar[list[str]] = ["view", "cadence", "weekday", "monthday", "hour", "format"]
        labels: ClassVar[dict[str, str]] = {"view": "Saved view", "format": "With the rows as"}

    field_order = ("view", "cadence", "weekday", "monthday", "hour", "format", "people")

    def __init__(self, *args: Any, practice: Practice, user: User, **kwargs: Any) -> None:
        super().__init__(*args, practice=practice, **kwargs)
        repeated = [(code, label) for code, label in Cadence.choices if code != Cadence.NEVER]
        cast("forms.ChoiceField", self.fields["cadence"]).choices = repeated
        cast("forms.ChoiceField", self.fields["format"]).choices = FILES
        views = cast("forms.ModelChoiceField[Any]", self.fields["view"])
        views.queryset = views_of(practice, user)
        views.empty_label = None
        people = cast("forms.ModelMultipleChoiceField[Any]", self.fields["people"])
        members = Membership.objects.filter(practice=practice, user__is_active=True)
        people.queryset = User.objects.filter(pk__in=members.values("user")).order_by("name", "email")
        if self.instance.pk:
            self.initial["people"] = list(self.instance.chosen.values_list("user", flat=True))
