"""Forms of the mapping page. Each turns what was sent into a new set of choices; nothing is stored here."""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, cast

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator

from connectors.records import Tracking
from mappings import options
from mappings.differences import LINE_AMOUNT_WORDS, NOTE_WORDS, POST_WORDS
from mappings.options import Option
from mappings.sides import TargetView
from mappings.spec import Choices
from mappings.targets import STATUSES
from mappings.words import STAFF_WORDS

FIELD_PREFIX = "to:"
"""Start of the name of a table's select; the rest is the source value."""

MOST_TRACKING = 2
"""Xero takes two tracking categories on a line."""

MOST_TERMS_DAYS = 365
MOST_APPROVAL_DAYS = 365


class SectionForm(forms.Form):
    """A form of plain settings whose fields are named like the choices they set."""

    def __init__(self, data: Any = None, *, view: TargetView, choices: Choices) -> None:
        self.view = view
        self.choices = choices
        super().__init__(data, initial=dataclasses.asdict(choices))
        self.offer()

    def offer(self) -> None:
        """Fill in the lists that depend on what the target has."""

    def apply(self) -> Choices:
        """The choices with this form's values in place. Only after ``is_valid()``."""
        return dataclasses.replace(self.choices, **self.cleaned_data)

    def choose(self, name: str, offered: Iterable[Option], empty: str, *, needed: bool = False) -> None:
        """Offer what can be chosen. A needed choice has to be made as soon as there is one to make."""
        able = [(item.value, item.label) for item in offered if not item.blocked]
        field = cast("forms.ChoiceField", self.fields[name])
        field.choices = [("", empty), *able]
        field.required = needed and bool(able)


class InvoicesForm(SectionForm):
    invoice_status = forms.ChoiceField(
        choices=list(STATUSES.items()), widget=forms.RadioSelect, label="New invoices arrive in Xero as"
    )
    sales_account = forms.ChoiceField(
        required=False, label="Sales account", help_text="For every service without an account of its own."
    )
    number_prefix = forms.CharField(
        required=False,
        max_length=20,
        label="Prefix of numbers",
        validators=[
            RegexValidator(r"^[A-Za-z0-9._-]*\Z", "Use letters, digits, dots, hyphens and underscores only.")
        ],
        help_text="Put before Ignition's invoice number, so that it can't clash with Xero's own numbering. "
        "Best left alone once invoices have been written: their numbers would change.",
    )
    terms_days = forms.IntegerField(
        required=False,
        label="Due, days after the invoice date",
        validators=[MinValueValidator(0), MaxValueValidator(MOST_TERMS_DAYS)],
        help_text="Leave empty to keep the due date that Ignition gives.",
    )
    branding_theme = forms.ChoiceField(required=False, label="Branding theme")
    line_amounts = forms.ChoiceField(
        choices=list(LINE_AMOUNT_WORDS.items()), widget=forms.RadioSelect, label="Prices of services"
    )
    documents_from = forms.DateField(
        required=False,
        label="Invoices and payments from",
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text="Documents dated earlier are left alone. Empty: all of them.",
    )

    def offer(self) -> None:
        self.choose(
            "sales_account",
            options.sales_options(self.view, self.choices.sales_account),
            "Choose…",
            needed=True,
        )
        self.choose(
            "branding_theme", options.theme_options(self.view, self.choices.branding_theme), "Xero's default"
        )

    def clean_documents_from(self) -> date | None:
        value: date | None = self.cleaned_data["documents_from"]
        if value is not None and value.year < 1990:
            raise forms.ValidationError("Choose a date after 1990.")
        return value


class TaxForm(SectionForm):
    default_tax = forms.ChoiceField(required=False, label="Lines without a tax in Ignition")

    def offer(self) -> None:
        self.choose(
            "default_tax", options.tax_options(self.view, self.choices.default_tax), "Choose…", needed=True
        )


class PaymentsForm(SectionForm):
    clearing_account = forms.ChoiceField(
        required=False,
        label="Clearing account",
        help_text="Client payments are put here until the payout reaches the bank. "
        "Only accounts that accept payments in Xero are listed.",
    )
    post_payments = forms.ChoiceField(
        choices=list(POST_WORDS.items()), widget=forms.RadioSelect, label="A payment is written"
    )

    def offer(self) -> None:
        clearing = options.clearing_options(self.view, self.choices.clearing_account)
        self.choose("clearing_account", clearing, "Choose…", needed=True)


class StaffForm(SectionForm):
    staff_from = forms.ChoiceField(
        required=False,
        choices=list(STAFF_WORDS.items()),
        widget=forms.RadioSelect,
        label="Track a client's invoices by",
        help_text="What is chosen for a person below is put over what all lines get; a service's own tracking wins.",
    )


class NotesForm(SectionForm):
    notes = forms.ChoiceField(
        choices=list(NOTE_WORDS.items()), widget=forms.RadioSelect, label="Leave a note in Xero's history"
    )


class ApprovalsForm(SectionForm):
    approval_days = forms.IntegerField(
        label="Days until a request runs out",
        validators=[MinValueValidator(1), MaxValueValidator(MOST_APPROVAL_DAYS)],
        help_text="After that nobody can approve it any more; it can be asked for again.",
    )
    approve_own = forms.BooleanField(
        required=False,
        label="People may approve what they asked for themselves",
        help_text="Then one person alone can let a record through. Leave it off where two people have to agree.",
    )


class TrackingForm(forms.Form):
    """One select per tracking category, named by position so that any category name will do."""

    def __init__(self, data: Any = None, *, view: TargetView, choices: Choices) -> None:
        super().__init__(data)
        self.choices = choices
        chosen = {item.category: item.option for item in choices.tracking}
        self.categories = sorted(view.facts.tracking.keys() | chosen.keys())
        for number, category in enumerate(self.categories):
            offered = options.tracking_options(view, category, chosen.get(category, ""))
            self.fields[f"category_{number}"] = forms.ChoiceField(
                required=False,
                label=category,
                initial=chosen.get(category, ""),
                choices=[("", "Nothing"), *((item.value, item.label) for item in offered)],
            )

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if len([value for value in values.values() if value]) > MOST_TRACKING:
            raise forms.ValidationError(
                f"Xero takes {MOST_TRACKING} tracking categories on a line. Empty the others."
            )
        return values

    def apply(self) -> Choices:
        tracking = tuple(
            Tracking(category=category, option=self.cleaned_data[f"category_{number}"])
            for number, category in enumerate(self.categories)
            if self.cleaned_data[f"category_{number}"]
        )
        return dataclasses.replace(self.choices, tracking=tracking)


class ImportForm(forms.Form):
    """A table as a CSV file."""

    file = forms.FileField(label="CSV file")


def read_table(
    data: Mapping[str, str],
    *,
    known: Iterable[str],
    offered: Iterable[Option],
    stored: Mapping[str, str],
    prefix: str = FIELD_PREFIX,
) -> tuple[dict[str, str], list[str]]:
    """A table's selects as (new table, problems). Rows that were not sent keep their stored value.

    A stored value that the target stopped offering may stay where it is, but can't be chosen anew.
    """
    allowed = options.choosable(offered)
    keys = set(known)
    table, problems = dict(stored), []
    for name in data:
        if not name.startswith(prefix):
            continue
        key, value = name.removeprefix(prefix), data[name]
        if key not in keys:
            problems.append(f"“{key}” is not on this page any more.")
        elif not value:
            table.pop(key, None)
        elif value in allowed or value == stored.get(key):
            table[key] = value
        else:
            problems.append(f"“{value}” can't be chosen for “{key}”.")
    return table, problems
