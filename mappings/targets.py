"""What a target record can hold: the fields of Xero that a field map can fill. Pure.

A new field is one row here, and its place in ``connectors.xero.render`` and ``parse``. Keys are stored in published
mappings and never change their meaning. Left out on purpose: bank details, whatever moves money or decides tax, and
what Xero only shows (website, discount and branding theme of a contact).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from mappings.catalog import About, Type


class Form(StrEnum):
    """What a text has to look like."""

    PLAIN = "plain"
    EMAIL = "email"
    LETTERS = "letters"


class Offered(StrEnum):
    """A list of the target's own from which a value has to come."""

    SALES_ACCOUNTS = "sales_accounts"
    CLEARING_ACCOUNTS = "clearing_accounts"
    ITEMS = "items"
    TRACKING = "tracking"
    CURRENCIES = "currencies"
    THEMES = "themes"


OFFERED_WORDS = {
    Offered.SALES_ACCOUNTS: "an income account in Xero, by code or name",
    Offered.CLEARING_ACCOUNTS: "an account in Xero that accepts payments, by code or name",
    Offered.ITEMS: "an item in Xero, by code",
    Offered.TRACKING: "a tracking option in Xero, or “category: option”",
    Offered.CURRENCIES: "a currency switched on in Xero, by code",
    Offered.THEMES: "a branding theme in Xero, by name",
}

MOST_DAYS = 366
TERMS = {
    "DAYSAFTERBILLDATE": "days after the invoice date",
    "DAYSAFTERBILLMONTH": "days after the end of the invoice month",
    "OFCURRENTMONTH": "of the current month",
    "OFFOLLOWINGMONTH": "of the following month",
}
STATUSES = {
    "AUTHORISED": "Approved, awaiting payment",
    "SUBMITTED": "Awaiting approval",
    "DRAFT": "Draft",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A field of the target. ``value`` is its name among a record's values.

    ``required``: a record without it can't be written. ``compared``: a linked record is kept up to date with it.
    ``options`` are values by what they mean, ``offered`` names a list of the target's. ``holds``: a value that can't
    be used holds the record up; otherwise it is left out. ``outcome``: rules set it by an outcome of its own.
    ``instead``: where the app takes it from while nobody maps it. ``part``: what of the record it belongs to, for
    showing fields together.
    """

    key: str
    label: str
    about: About
    value: str
    type: Type = Type.TEXT
    longest: int = 255
    form: Form = Form.PLAIN
    options: Mapping[str, str] = field(default_factory=dict)
    offered: Offered | None = None
    required: bool = False
    compared: bool = False
    holds: bool = False
    outcome: str = ""
    note: str = ""
    instead: str = ""
    part: str = ""

    @property
    def can_be_cut(self) -> bool:
        """Whether a text that is too long is shortened; others are taken whole or not at all."""
        return (
            self.type is Type.TEXT
            and self.form is not Form.EMAIL
            and not self.options
            and self.offered is None
        )

    @property
    def limits(self) -> str:
        """What it takes, in words."""
        if self.offered is not None:
            return OFFERED_WORDS[self.offered]
        if self.options:
            return ", ".join(f"{value} ({words})" for value, words in self.options.items())
        if self.type is Type.NUMBER:
            return f"a whole number from 0 to {MOST_DAYS}"
        if self.type is not Type.TEXT:
            return {Type.DATE: "a date", Type.YES_NO: "yes or no"}.get(self.type, "")
        words = {Form.EMAIL: ", an e-mail address", Form.LETTERS: ", letters only"}.get(self.form, "")
        return f"at most {self.longest} characters{words}"


_C, _I, _L, _P = About.CONTACT, About.INVOICE, About.LINE, About.PAYMENT


def _contact(
    value: str,
    label: str,
    longest: int = 255,
    *,
    form: Form = Form.PLAIN,
    type_: Type = Type.TEXT,
    options: Mapping[str, str] | None = None,
    offered: Offered | None = None,
    required: bool = False,
    note: str = "",
    part: str = "",
) -> Target:
    """Every field of a contact is compared with what is there, under the name of its value."""
    return Target(
        key=f"contact.{value}",
        label=label,
        about=_C,
        value=value,
        type=type_,
        longest=longest,
        form=form,
        options=options or {},
        offered=offered,
        required=required,
        compared=True,
        note=note,
        part=part,
    )


def _address(start: str, name: str) -> tuple[Target, ...]:
    made = (
        _contact(f"{start}_attention", f"{name}: attention"),
        *(_contact(f"{start}_line_{number}", f"{name}: line {number}", 500) for number in range(1, 5)),
        _contact(f"{start}_city", f"{name}: city"),
        _contact(f"{start}_region", f"{name}: region"),
        _contact(f"{start}_postcode", f"{name}: postcode", 50),
        _contact(f"{start}_country", f"{name}: country", 50, form=Form.LETTERS),
    )
    return tuple(replace(item, part=name.lower()) for item in made)


_OTHER, _USUAL = "additional person", "terms and defaults"
_NEEDS_EMAIL = "only together with the contact's e-mail address"
_AS_CREATED = "only when the invoice is created"

_TARGETS = (
    _contact("name", "Name", required=True),
    _contact("email", "E-mail", form=Form.EMAIL),
    _contact("phone", "Phone", 50),
    _contact("direct_phone", "Direct phone", 50),
    _contact("mobile", "Mobile", 50),
    _contact("fax", "Fax", 50),
    _contact("first_name", "First name", note=_NEEDS_EMAIL),
    _contact("last_name", "Last name", note=_NEEDS_EMAIL),
    _contact("account_number", "Client code", 50),
    _contact("company_number", "Company number", 50),
    _contact("tax_number", "Tax number", 50),
    *_address("postal", "Postal address"),
    *_address("street", "Street address"),
    _contact("other_first_name", "Additional person: first name", note=_NEEDS_EMAIL, part=_OTHER),
    _contact("other_last_name", "Additional person: last name", note=_NEEDS_EMAIL, part=_OTHER),
    _contact("other_email", "Additional person: e-mail", form=Form.EMAIL, note=_NEEDS_EMAIL, part=_OTHER),
    _contact("terms_days", "Sales terms: days", type_=Type.NUMBER, part=_USUAL),
    _contact(
        "terms_type",
        "Sales terms: counted",
        options=TERMS,
        note="only together with the days",
        part=_USUAL,
    ),
    _contact("sales_account_code", "Default sales account", offered=Offered.SALES_ACCOUNTS, part=_USUAL),
    _contact("default_currency", "Default currency", offered=Offered.CURRENCIES, part=_USUAL),
    Target(key="invoice.reference", label="Reference", about=_I, value="reference"),
    Target(key="invoice.date", label="Date", about=_I, value="date", type=Type.DATE, required=True),
    Target(key="invoice.due_date", label="Due date", about=_I, value="due_date", type=Type.DATE),
    Target(
        key="invoice.expected_payment_date",
        label="Expected payment date",
        about=_I,
        value="expected_payment_date",
        type=Type.DATE,
    ),
    Target(
        key="invoice.url",
        label="Link",
        about=_I,
        value="url",
        longest=500,
        instead="the invoice's page in Ignition",
    ),
    Target(
        key="invoice.status",
        label="Status",
        about=_I,
        value="status",
        options=STATUSES,
        holds=True,
        outcome="status",
        note=_AS_CREATED,
        instead="what is chosen under Invoices",
    ),
    Target(
        key="invoice.branding_theme",
        label="Branding theme",
        about=_I,
        value="branding_theme_external_id",
        offered=Offered.THEMES,
        holds=True,
        outcome="branding",
        instead="what is chosen under Invoices",
    ),
    Target(
        key="invoice.sent_to_contact",
        label="Marked as sent",
        about=_I,
        value="sent_to_contact",
        type=Type.YES_NO,
        note="approved invoices only",
    ),
    Target(key="line.description", label="Line description", about=_L, value="description", longest=4000),
    Target(
        key="line.account",
        label="Line account",
        about=_L,
        value="account_code",
        offered=Offered.SALES_ACCOUNTS,
        holds=True,
        outcome="account",
        instead="what is chosen under Services",
    ),
    Target(
        key="line.item",
        label="Line item",
        about=_L,
        value="item_code",
        offered=Offered.ITEMS,
        holds=True,
        outcome="item",
        instead="what is chosen under Services",
    ),
    Target(
        key="line.tracking",
        label="Line tracking",
        about=_L,
        value="tracking",
        offered=Offered.TRACKING,
        holds=True,
        outcome="tracking",
        instead="what is chosen under Tracking, Staff and Services",
    ),
    Target(
        key="line.tracking_2",
        label="Second line tracking",
        about=_L,
        value="tracking",
        offered=Offered.TRACKING,
        holds=True,
        outcome="tracking",
    ),
    Target(
        key="payment.account",
        label="Clearing account",
        about=_P,
        value="account_code",
        offered=Offered.CLEARING_ACCOUNTS,
        holds=True,
        outcome="account",
        instead="what is chosen under Payments",
    ),
)
"""The limits are Xero's: ContactNumber and AccountNumber 50, names and references 255, descriptions 4,000."""

TARGETS: dict[str, Target] = {item.key: item for item in _TARGETS}


def targets_for(about: About, *, by_rules: bool = False) -> tuple[Target, ...]:
    """The fields of these records; with ``by_rules`` only those that a rule can set as a field."""
    return tuple(item for item in _TARGETS if item.about is about and not (by_rules and item.outcome))
