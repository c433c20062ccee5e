"""A first mapping, proposed from what both systems already say. Pure; between two answers it gives none."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from connectors.records import Account, TaxRate
from mappings.normalise import tidy
from mappings.sides import LabelUse, TargetView, account_key
from mappings.spec import Choices

USUAL_SALES_CODE = "200"
"""The code of "Sales" in the chart of accounts that a new Xero organisation starts with."""

_CLEARING_NAME = re.compile(r"\b(?:Ignition|PI) Clearing\b", re.IGNORECASE)
_PERCENT = re.compile(r"(\d+(?:\.\d+)?)\s*%")
_WORD = re.compile(r"[a-z]+")

# A label is understood only when every word of it is one of these: any other word may change its meaning.
_TAX_WORDS = frozenset({"gst", "vat", "tax"})
_FILL_WORDS = frozenset(
    {"on", "of", "the", "income", "sales", "sale", "revenue", "output", "rate", "rated", "at", "plus"}
)
_TELLING_WORDS = {
    "free": frozenset({"free", "exempt"}),
    "zero": frozenset({"zero"}),
    "none": frozenset({"no", "none", "without"}),
    "excluded": frozenset({"bas", "excluded", "outside", "scope"}),
    "standard": frozenset({"standard"}),
}
_KIND_OF_TAX_TYPE = {
    "EXEMPTOUTPUT": "free",
    "ZERORATED": "zero",
    "ZERORATEDOUTPUT": "zero",
    "NONE": "none",
    "BASEXCLUDED": "excluded",
    "OUTPUT": "standard",
    "OUTPUT2": "standard",
    "OUTPUT3": "standard",
}


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A proposed value and why, in short phrases for people."""

    value: str
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestions:
    """Proposals by field; what is missing could not be decided. ``tax_by_label`` is keyed by label."""

    sales_account: Suggestion | None = None
    default_tax: Suggestion | None = None
    clearing_account: Suggestion | None = None
    tax_by_label: dict[str, Suggestion]


def suggest(view: TargetView) -> Suggestions:
    sales = sales_account(view.sales_accounts)
    chosen = next((item for item in view.sales_accounts if sales and item.code == sales.value), None)
    return Suggestions(
        sales_account=sales,
        default_tax=default_tax(chosen, view.sales_tax_rates) if chosen else None,
        clearing_account=clearing_account(view.clearing_accounts),
        tax_by_label=_labels(view.source.labels, view.sales_tax_rates),
    )


def auto_choices(view: TargetView) -> Choices:
    """The choices a practice starts with: every suggestion taken, everything else at its default."""
    found = suggest(view)
    return Choices(
        invoice_status="AUTHORISED",
        sales_account=found.sales_account.value if found.sales_account else "",
        default_tax=found.default_tax.value if found.default_tax else "",
        clearing_account=found.clearing_account.value if found.clearing_account else "",
        tax_by_label={label: item.value for label, item in found.tax_by_label.items()},
    )


def sales_account(accounts: Iterable[Account]) -> Suggestion | None:
    """The account named "Sales", else the one with the usual code, else the only one there is.

    Other income (rent, interest) is never proposed. Takes accounts that a sales line may be posted to.
    """
    candidates = [account for account in accounts if account.type in {"REVENUE", "SALES"}]
    for reason, fits in (
        ("named “Sales”", [item for item in candidates if tidy(item.name).casefold() == "sales"]),
        (f"code {USUAL_SALES_CODE}", [item for item in candidates if item.code == USUAL_SALES_CODE]),
        ("the only revenue account", candidates),
    ):
        if len(fits) == 1:
            found = fits[0]
            reasons = [reason]
            if found.code == USUAL_SALES_CODE and reason.startswith("named"):
                reasons.append(f"code {USUAL_SALES_CODE}")
            return Suggestion(found.code, (*reasons, "active revenue account"))
    return None


def default_tax(account: Account, rates: Iterable[TaxRate]) -> Suggestion | None:
    """The tax type the sales account itself has, if it still fits income."""
    rate = next((item for item in rates if item.external_id == account.tax_type), None)
    if rate is None:
        return None
    return Suggestion(rate.external_id, (f"tax of account {account.code}", _percent(rate.rate)))


def clearing_account(accounts: Iterable[Account]) -> Suggestion | None:
    """The one account that takes payments and is named as a clearing account of the source."""
    fits = [account for account in accounts if _CLEARING_NAME.search(tidy(account.name))]
    if len(fits) != 1:
        return None
    return Suggestion(account_key(fits[0]), (f"named “{tidy(fits[0].name)}”", "accepts payments"))


def tax_type(label: str, rates: Iterable[TaxRate]) -> Suggestion | None:
    """The tax type a label of the source means, or ``None`` when it is unclear or could be two.

    First by the same name, then by the same telling words, then by the sort of tax. A percentage in the label
    always has to equal the rate. Takes active tax types that fit income.
    """
    wanted = _percentage(label)
    fitting = [rate for rate in rates if wanted is None or rate.rate == wanted]
    kind = _kind(label, wanted)
    telling = _telling(label)
    plausible = [rate for rate in fitting if not kind or _agrees(kind, rate.rate)]
    for reason, fits in (
        ("same name", [rate for rate in fitting if _plain(rate.name) == _plain(label)]),
        ("same words", [rate for rate in plausible if telling and _telling(rate.name) == telling]),
        ("same sort of tax", [rate for rate in plausible if kind and _is_kind(rate, kind, label)]),
    ):
        if len(fits) > 1:
            return None
        if fits:
            return Suggestion(fits[0].external_id, (reason, _percent(fits[0].rate)))
    return None


def _labels(labels: Iterable[LabelUse], rates: tuple[TaxRate, ...]) -> dict[str, Suggestion]:
    found = {use.label: tax_type(use.label, rates) for use in labels}
    return {label: item for label, item in found.items() if item is not None}


def _plain(text: str) -> str:
    return tidy(text).casefold()


def _percentage(text: str) -> Decimal | None:
    """The one percentage in a text; several are as good as none that fits."""
    found = {Decimal(number) for number in _PERCENT.findall(text)}
    if len(found) > 1:
        return Decimal(-1)
    return found.pop() if found else None


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(_PERCENT.sub(" ", _plain(text).replace("-", " "))))


def _telling(text: str) -> tuple[frozenset[str], Decimal | None] | None:
    """A text without filling words, for comparing. ``None`` when no word is left ("10 %", "Income")."""
    words = _words(text) - _FILL_WORDS
    return (words, _percentage(text)) if words else None


def _kind(text: str, percentage: Decimal | None) -> str:
    """Which sort of tax a text names; empty when a word is not understood or two sorts are named."""
    rest = _words(text) - _FILL_WORDS - _TAX_WORDS
    if not rest:
        named_tax = bool(_words(text) & _TAX_WORDS) or bool(percentage)
        return "standard" if named_tax and percentage != 0 else ""
    if rest == {"out", "scope"}:
        return "excluded"
    kinds = [kind for kind, words in _TELLING_WORDS.items() if rest & words]
    return kinds[0] if len(kinds) == 1 and rest <= _TELLING_WORDS[kinds[0]] else ""


def _is_kind(rate: TaxRate, kind: str, label: str) -> bool:
    """Whether the rate is of that sort, and no other tax than the label's (GST is not VAT)."""
    own = _kind(rate.name, _percentage(rate.name)) or _KIND_OF_TAX_TYPE.get(rate.external_id, "")
    taxes = [_words(text) & {"gst", "vat"} for text in (label, rate.name)]
    return own == kind and (not all(taxes) or taxes[0] == taxes[1])


def _agrees(kind: str, rate: Decimal) -> bool:
    """A standard rate takes a percentage, every other sort takes nothing."""
    return rate > 0 if kind == "standard" else rate == 0


def _percent(rate: Decimal) -> str:
    return f"{rate.normalize():f} %"
