"""How the support team edits a draft: its choices as JSON, checked like what the practice's own forms send."""

import json
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.fields import InvalidJSONInput

from mappings import checks, drafts, sections, services
from mappings.fieldmaps import BadChoice
from mappings.models import MappingSet
from mappings.pages import rule_list
from mappings.sides import TargetView
from mappings.spec import Choices, choices_from_json
from practices.models import Practice

TABLES = (
    "account_by_service",
    "tax_by_label",
    "clearing_by_method",
    "theme_by_currency",
    "clearing_by_currency",
    "item_by_service",
)


class Indented(json.JSONEncoder):
    """JSON that a person edits."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{**options, "indent": 2})


class ChoicesField(forms.JSONField):
    def to_python(self, value: Any) -> Any:
        try:
            return super().to_python(value)
        except RecursionError:
            raise ValidationError("It is nested too deeply.") from None

    def bound_data(self, data: Any, initial: Any) -> Any:
        """A refused text is shown as it was sent."""
        return initial if data is None else InvalidJSONInput(data)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return True


class DraftForm(forms.ModelForm):  # type: ignore[type-arg]
    """``revision`` is what the page was made from."""

    choices = ChoicesField(encoder=Indented, widget=forms.Textarea(attrs={"rows": 40, "cols": 100}))
    revision = forms.IntegerField(widget=forms.HiddenInput)

    class Meta:
        model = MappingSet
        fields = ("choices",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "revision" in self.fields:  # a published version has no inputs
            self.fields["revision"].initial = self.instance.revision

    def clean_choices(self) -> Any:
        value = self.cleaned_data["choices"]
        problems = problems_of(value, self.instance.practice)
        if problems:
            raise ValidationError(problems)
        return value

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        draft = drafts.draft_of(self.instance.practice)
        if draft is None or draft.revision != cleaned.get("revision"):
            raise ValidationError("Somebody saved the draft in the meantime. Open it again.")
        return cleaned


def problems_of(value: Any, practice: Practice) -> list[str]:
    """Why this JSON can't be a practice's choices, as sentences."""
    problems = _shape_problems(value)
    if problems:
        return problems
    try:
        choices = choices_from_json(value)
    except (BadChoice, TypeError, ValueError, KeyError, AttributeError) as error:
        return [f"The choices can't be read: {error}"]
    view = services.view_of(practice)
    keys = [rule.key for rule in choices.rules if not rule_list.KEY.match(rule.key)]
    odd = [f"The rule key “{key[:40]}” has to be up to 20 letters, digits, “-” and “_”." for key in keys]
    return [*_setting_problems(choices, view), *odd, *checks.problems(choices, view)]


def _shape_problems(value: Any) -> list[str]:
    if not isinstance(value, dict):
        return ["The choices are an object."]
    try:
        text = json.dumps(value, ensure_ascii=False)
        text.encode()
    except (ValueError, RecursionError):
        return ["The choices have characters that can't be stored."]
    if "\x00" in str(value) or "\\u0000" in text:
        return ["The choices have characters that can't be stored."]
    out = [f"There is no choice “{name}”." for name in sorted(value.keys() - _names())]
    out += [f"“{name}” is an object of texts." for name in TABLES if not _is_table(value.get(name, {}))]
    for name in ("tracking_by_service", "tracking_by_staff"):
        tracked = value.get(name, {})
        if not isinstance(tracked, dict) or not all(_is_table(item) for item in tracked.values()):
            out.append(f"“{name}” is an object of objects of texts.")
    tracking = value.get("tracking", [])
    if not isinstance(tracking, list) or not all(
        _is_table(item) and item.keys() == {"category", "option"} for item in tracking
    ):
        out.append("“tracking” is a list of objects with a category and an option.")
    return out


def _names() -> set[str]:
    return set(Choices.__dataclass_fields__)


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _setting_problems(choices: Choices, view: TargetView) -> list[str]:
    """What the practice's own forms would say about the plain settings."""
    out = []
    for name, make in sections.FORMS.items():
        if name == "tracking":
            continue
        fields = make(None, view=view, choices=choices).fields
        data = {item: getattr(choices, item) for item in fields}
        for item, texts in make(data, view=view, choices=choices).errors.items():
            if data[item] not in ("", None):  # what is missing is a gap that the page shows, no mistake
                out += [f"“{item}”: {text}" for text in texts]
    return out
